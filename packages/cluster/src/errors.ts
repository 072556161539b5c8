import { KeyslotError } from '@keyslot/kernel';

/**
 * What is known about a command that failed: `no` means that it was never executed, `unknown` that its
 * bytes left this process and no answer came back.
 */
export type Executed = 'no' | 'unknown';

/** A command did not end before its deadline. Try again later, or give it a longer `deadline`. */
export class DeadlineExceededError extends KeyslotError {
  readonly code = 'CLUSTER_DEADLINE_EXCEEDED';
  override readonly retryable = true;
  readonly command: string;
  readonly deadlineMs: number;
  readonly executed: Executed;

  constructor(command: string, deadlineMs: number, executed: Executed) {
    super(`${command} did not end within its deadline of ${deadlineMs} ms (executed: ${executed})`);
    this.command = command;
    this.deadlineMs = deadlineMs;
    this.executed = executed;
  }
}

/**
 * The shard that owns a key cannot be asked now: its primary is gone, not yet replaced, or still starting.
 * Nothing was executed. Try again once the cluster has failed over, which takes a few seconds.
 */
export class ShardUnavailableError extends KeyslotError {
  readonly code = 'CLUSTER_SHARD_UNAVAILABLE';
  override readonly retryable = true;
  readonly command: string;

  constructor(command: string, why: string) {
    super(`${command}: the shard cannot be asked now (${why})`);
    this.command = command;
  }
}

/**
 * A node has as many calls under way and waiting as it is trusted with. Send less, or raise the client's `bulkhead`
 * if the node has room. `executed` is `unknown` only for a call that was sent before and lost its connection.
 */
export class OverloadedError extends KeyslotError {
  readonly code = 'CLUSTER_OVERLOADED';
  override readonly retryable = true;
  readonly command: string;
  readonly executed: Executed;

  constructor(command: string, executed: Executed) {
    super(
      `${command}: its node has as many calls under way and waiting as it may have (executed: ${executed})`,
    );
    this.command = command;
    this.executed = executed;
  }
}

/**
 * A write was waiting to be tried again when a later one replaced the whole value of its key. Nobody would see its
 * effect any more, so it was given up.
 */
export class SupersededError extends KeyslotError {
  readonly code = 'CLUSTER_SUPERSEDED';
  readonly command: string;
  readonly executed: Executed;

  constructor(command: string, executed: Executed) {
    super(`${command}: a later write of the same key has replaced it (executed: ${executed})`);
    this.command = command;
    this.executed = executed;
  }
}

/** The caller's `AbortSignal` ended the call. Its reason is the `cause`. */
export class AbortedError extends KeyslotError {
  readonly code = 'CLUSTER_ABORTED';
  readonly command: string;
  readonly executed: Executed;

  constructor(command: string, executed: Executed, options: ErrorOptions) {
    super(`${command}: aborted by its caller (executed: ${executed})`, options);
    this.command = command;
    this.executed = executed;
  }
}

/**
 * The connection was lost after a command's bytes were sent, and repeating the command might do its work
 * twice. Find out what happened before you repeat it, or use a command that is harmless to repeat.
 */
export class OutcomeUnknownError extends KeyslotError {
  readonly code = 'CLUSTER_OUTCOME_UNKNOWN';
  readonly command: string;

  constructor(command: string) {
    super(`${command}: the connection was lost after it was sent; it may or may not have been executed`);
    this.command = command;
  }
}

/**
 * Redis answered a command with an error. `reply` is its code, like `WRONGTYPE` or `OOM`. The server's words are
 * shown up to where they might repeat a key or an argument. Correct the command, or free memory.
 */
export class CommandFailedError extends KeyslotError {
  readonly code = 'CLUSTER_COMMAND_FAILED';
  readonly command: string;
  readonly reply: string;

  constructor(command: string, message: string) {
    super(`${command}: ${message}`);
    this.command = command;
    this.reply = message.split(' ', 1)[0] ?? '';
  }
}

/** The keys of one script lie in several slots. Give their templates one hash tag. */
export class CrossSlotError extends KeyslotError {
  readonly code = 'CLUSTER_CROSS_SLOT';

  constructor(what: string, keys: readonly { readonly role: string; readonly template: string }[]) {
    const listed = keys.map(({ role, template }) => `${role} (${template})`).join(', ');
    super(`${what}: its keys must lie in one slot but do not: ${listed}; give their templates one hash tag`);
  }
}

/** A script answered what this version does not know. Are two versions deployed at once? */
export class ScriptReplyError extends KeyslotError {
  readonly code = 'CLUSTER_SCRIPT_REPLY';

  constructor(script: string) {
    super(`The script ${script} answered something that this version does not know`);
  }
}

/** The client was closed: before the call, or while it was under way. Use a client that is open. */
export class ClientClosedError extends KeyslotError {
  readonly code = 'CLUSTER_CLIENT_CLOSED';
  readonly command: string;
  readonly executed: Executed;

  constructor(command: string, executed: Executed) {
    super(`${command}: the client is closed (executed: ${executed})`);
    this.command = command;
    this.executed = executed;
  }
}

/**
 * No node answered in time. `why` is what a connection failed with last, like `WRONGPASS …` or `connect ECONNREFUSED …`.
 * Check the addresses, the network, the credentials, and that the servers run in cluster mode.
 */
export class NotConnectedError extends KeyslotError {
  readonly code = 'CLUSTER_NOT_CONNECTED';
  override readonly retryable = true;
  readonly why: string | undefined;

  constructor(waitedMs: number, why: string | undefined) {
    const reason = why === undefined ? '' : `; the last that was heard: ${why}`;
    super(`The cluster was not connected within ${waitedMs} ms${reason}`);
    this.why = why;
  }
}

/** Everything that a call of the client may reject with. */
export type ClusterError =
  | DeadlineExceededError
  | ShardUnavailableError
  | OverloadedError
  | SupersededError
  | AbortedError
  | OutcomeUnknownError
  | CommandFailedError
  | CrossSlotError
  | ScriptReplyError
  | ClientClosedError
  | NotConnectedError;
