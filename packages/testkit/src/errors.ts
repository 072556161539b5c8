import { KeyslotError } from '@keyslot/kernel';

/** `REDIS_SERVER_BIN` names something that is no usable Redis or Valkey. Correct the variable or unset it. */
export class RedisServerUnusableError extends KeyslotError {
  readonly code = 'TESTKIT_SERVER_UNUSABLE';

  constructor(received: string, reason: string) {
    super(
      `REDIS_SERVER_BIN: got '${received}', which ${reason}; allowed: the path of a redis-server or ` +
        'valkey-server 7.0 or later; correct the variable, or unset it to have one looked for',
    );
  }
}

/** No Redis or Valkey server was found in any of the known places. The message names the remedies. */
export class RedisServerNotFoundError extends KeyslotError {
  readonly code = 'TESTKIT_SERVER_NOT_FOUND';

  /** What was tried, in order, and why it would not do. */
  readonly tried: readonly string[];

  constructor(tried: readonly string[]) {
    super(
      `No Redis or Valkey server (7.0 or later) was found:\n${tried.map((line) => `  - ${line}`).join('\n')}\n` +
        'Any one of these helps: put redis-server on PATH (apt-get install redis-server, brew install redis); ' +
        'set REDIS_SERVER_BIN to the path of one; or start Docker.',
    );
    this.tried = tried;
  }
}

/** A server process ended, or did not answer, while it was being started. The message ends with its log. */
export class NodeStartError extends KeyslotError {
  readonly code = 'TESTKIT_NODE_START';

  constructor(what: string, log: string, options?: ErrorOptions) {
    super(`${what}; its last words:\n${log.trim() || '(it wrote nothing)'}`, options);
  }
}

/** The cluster did not reach a state in time. The message says what was still missing. */
export class ClusterNotReadyError extends KeyslotError {
  readonly code = 'TESTKIT_NOT_READY';
  override readonly retryable = true;

  constructor(what: string, timeoutMs: number, missing: string) {
    super(`${what}: not reached within ${timeoutMs} ms; at the end: ${missing}`);
  }
}

/** What was asked for makes no sense for this cluster as it is now. Nothing was changed. */
export class ClusterStateError extends KeyslotError {
  readonly code = 'TESTKIT_STATE';
}

/** Every error of this package, for an exhaustive `switch (error.code)`. */
export type TestkitError =
  | RedisServerUnusableError
  | RedisServerNotFoundError
  | NodeStartError
  | ClusterNotReadyError
  | ClusterStateError;
