import type { Argument } from './argument.ts';
import type { Expiring } from './deadlines.ts';
import { AbortedError, type Executed } from './errors.ts';
import { IoredisCommand, PLACEHOLDER } from './ioredis-command.ts';
import type { RetryBudget } from './retry-budget.ts';

/**
 * What repeating a command may do.
 *
 * - `read`: nothing
 * - `idempotent`: leaves what one execution leaves
 * - `once`: doubles its effect, so it is never repeated after its bytes were sent
 */
export type Safety = 'read' | 'idempotent' | 'once';

/** Who may answer a read. */
export type ReadFrom = 'primary' | 'replica' | 'prefer-replica';

/** What stands between calls and the node that a call was given to. */
export interface CallGuard {
  readonly id: string;
  readonly budget: RetryBudget;

  /** The attempt ended with an answer of the node. */
  answered(call: Call): void;

  /** The attempt's connection was lost. */
  lost(call: Call): void;

  /** The call ended without an answer: late, if its deadline passed. */
  unanswered(call: Call, isLate: boolean): void;
}

/** Whoever decides what happens to a call that failed. */
export interface CallOwner {
  /** An attempt failed. The owner tries again or settles the call. */
  attemptFailed(call: Call, error: Error): void;

  /** The call's deadline has passed. The owner settles it. */
  expired(call: Call): void;

  /** The call was settled, by an answer or otherwise. The owner forgets it. */
  settled(call: Call, how: 'answered' | 'given-up'): void;
}

/**
 * A counted command: one call of a user, and what ioredis sends for it.
 *
 * It counts how often it was written. A call that was never written was never executed, whatever it is, so
 * it may always be tried again; and one that has ended is never written afterwards.
 */
export class Call extends IoredisCommand implements Expiring {
  readonly owner: CallOwner;

  /** Decides the node; `undefined` for a command without a key. */
  slot: number | undefined;
  readonly safety: Safety;
  readonly deadlineMs: number;

  /** Sent as EVAL when a node does not know the script. */
  script: string | undefined = undefined;

  waits = true;
  readFrom: ReadFrom = 'primary';
  signal: AbortSignal | undefined = undefined;
  settled = false;

  /** For a write, the keys whose writes must stay in order, and whether it replaces the whole value of its only one. */
  orderKey: string | undefined = undefined;
  moreOrderKeys: readonly string[] | undefined = undefined;
  replaces = false;

  /** It was sent before an earlier write of its key has ended. */
  isAhead = false;

  /** A later write of the whole value was answered: whatever comes of this one, it is not tried again. */
  isOvertaken = false;

  /** Its place among all calls of the client, in the order in which they were made. */
  madeAs = 0;

  /** Where it is: waiting for the topology, with a node, or neither. */
  isParked = false;
  parkedFor: string | undefined = undefined;
  notBefore = 0;
  guard: CallGuard | undefined = undefined;
  isInFlight = false;

  /** How often its node had been heard when it was sent. */
  heardBefore = 0;

  /** How many attempts have failed, and how many were sent elsewhere. */
  failures = 0;
  redirects = 0;

  /** How often its bytes were written in all. Only after the first time is another attempt a retry. */
  written = 0;

  /** Whether its next attempt is a retry, how many there were, and what `written` was before the last of them. */
  isRetry = false;
  retries = 0;
  writtenBefore = -1;

  /** Ends the call when its caller aborts it. */
  abort: (() => void) | undefined = undefined;

  /** How often its bytes left this process without an answer that says that nothing was executed. */
  writes = 0;
  #lostWrites = 0;

  expiresAt = 0;
  nextExpiring: Expiring | undefined = undefined;
  previousExpiring: Expiring | undefined = undefined;
  expirySlot: Expiring['expirySlot'] = undefined;

  onValue!: (value: unknown) => void;
  onError!: (error: Error) => void;

  constructor(
    owner: CallOwner,
    name: string,
    args: readonly Argument[],
    slot: number | undefined,
    safety: Safety,
    deadlineMs: number,
    encoding: BufferEncoding | null,
  ) {
    super(name, args, { replyEncoding: encoding });
    this.owner = owner;
    this.slot = slot;
    this.safety = safety;
    this.deadlineMs = deadlineMs;
  }

  /** The command's name as people write it, for errors. */
  get command(): string {
    return this.name.toUpperCase();
  }

  /** Called by ioredis's constructor, where it would make a promise for each command. */
  initPromise(): void {
    this.transformed = true;
    this.stringifyArguments();
  }

  override toWritable(socket: object): string | Buffer {
    return this.willWrite() ? super.toWritable(socket) : PLACEHOLDER;
  }

  /** A node did not know its hash: it is the same script by its text. */
  becomeEval(script: string): void {
    this.name = 'eval';
    this.args = [script, ...this.args.slice(1)];
  }

  /** Asked before its bytes are written, in whichever form. */
  willWrite(): boolean {
    // Not answered, and here again: a handed-over cluster may send again by itself what a lost connection had.
    if (this.writes > 0 && this.safety === 'once') this.reject(new Error('Connection is closed.'));
    if (this.settled) return false;
    this.writes++;
    this.written++;
    return true;
  }

  /** The attempt was answered: nothing was executed. What became of those before it stays as unknown as it was. */
  wasRefused(): void {
    this.writes = this.#lostWrites;
  }

  /** The attempt's connection was lost; there is another attempt. */
  wasLost(): void {
    this.#lostWrites = this.writes;
  }

  /** ioredis's `commandTimeout` and `blockingTimeout` of a handed-over cluster: the deadline is ours. */
  setTimeout(): void {}
  setBlockingTimeout(): void {}

  /** Called by ioredis with the reply. */
  resolve(reply: unknown): void {
    if (this.settled) return;
    let value: unknown;
    try {
      value = this.transformReply(reply);
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.settled = true;
    this.owner.settled(this, 'answered');
    this.onValue(value);
  }

  /** Called by ioredis with the error reply, or with the connection's. */
  reject(error: Error): void {
    if (!this.settled) this.owner.attemptFailed(this, error);
  }

  expire(): void {
    if (!this.settled) this.owner.expired(this);
  }

  /** Ends the call with an error, once. */
  fail(error: Error): void {
    if (this.settled) return;
    this.settled = true;
    this.owner.settled(this, 'given-up');
    this.onError(error);
  }
}

/** What is known about a call that is given up. */
export function executedOf(call: Call): Executed {
  return call.writes > 0 ? 'unknown' : 'no';
}

/** The keys whose writes a call must stay in order with. */
export function orderKeysOf({ orderKey, moreOrderKeys }: Call): readonly string[] {
  if (orderKey === undefined) return [];
  return moreOrderKeys === undefined ? [orderKey] : [orderKey, ...moreOrderKeys];
}

/** Ends a call with its caller's signal. The listener is taken off when the call is settled. */
export function endWithSignal(call: Call): void {
  const { signal } = call;
  if (signal === undefined) return;
  const abort = () => call.fail(new AbortedError(call.command, executedOf(call), { cause: signal.reason }));
  if (signal.aborted) {
    abort();
    return;
  }
  call.abort = abort;
  signal.addEventListener('abort', abort, { once: true });
}
