import { KeyslotError } from '@keyslot/kernel';

/**
 * Why a lock is not held any more: `'expired'`, it could not be renewed in time; `'taken'`, the cluster does not know it
 * any more; `'released'` by its own holder; `'closed'`, its `Locks` were.
 */
export type LossReason = 'expired' | 'taken' | 'released' | 'closed';

const WHY: Readonly<Record<LossReason, string>> = {
  expired: 'it was not renewed in time, so somebody else may hold it',
  taken: 'the cluster does not know it any more',
  released: 'it was released',
  closed: 'its Locks were closed',
};

/**
 * A lock is not held any more. Stop what it guarded, and write nothing more without its fencing number; acquire it anew
 * to begin again.
 */
export class LockLostError extends KeyslotError {
  readonly code = 'LOCK_LOST';
  readonly template: string;
  readonly reason: LossReason;

  constructor(template: string, reason: LossReason) {
    super(`"${template}" is not locked any more: ${WHY[reason]}`);
    this.template = template;
    this.reason = reason;
  }
}

/**
 * Somebody else held a lock, or came earlier, for all of `wait`. Nothing is held. Try again later, or wait longer.
 *
 * A resource that is a text is data, and all of them read `lock:{<resource>}`: lock a key, and its template is told.
 */
export class LockTimeoutError extends KeyslotError {
  readonly code = 'LOCK_TIMEOUT';
  override readonly retryable = true;
  readonly template: string;
  readonly waitMs: number;

  /** Of `acquireAll`, the place of the resource that could not be had; those behind it may not have been asked for. */
  readonly refusedAt: number | undefined;

  constructor(template: string, waitMs: number, refusedAt?: number) {
    const which = refusedAt === undefined ? `"${template}"` : `"${template}" (resources[${refusedAt}])`;
    super(
      waitMs === 0
        ? `${which} is locked by somebody else, or others wait for it; with \`wait: 0\` it was asked for once`
        : `${which} was locked by somebody else for all of the ${waitMs} ms that were waited`,
    );
    this.template = template;
    this.waitMs = waitMs;
    this.refusedAt = refusedAt;
  }
}

/** What is to be locked has no name that could be one. Give a text of 1 to 1 000 characters, or a key; to `acquireAll` an array of them. */
export class InvalidResourceError extends KeyslotError {
  readonly code = 'LOCK_INVALID_RESOURCE';

  /**
   * @param received - what it is like: a name is data, and is not shown
   * @param where - the argument, or the place in it
   */
  constructor(
    received: string,
    where = 'resource',
    allowed = 'a text of 1 to 1 000 characters, or a key of a template',
  ) {
    super(`${where}: got ${received}; allowed: ${allowed}`);
  }
}

/** The `Locks` were closed, before the call or while it waited. Use some that are open. */
export class LocksClosedError extends KeyslotError {
  readonly code = 'LOCK_CLOSED';

  constructor() {
    super('The locks are closed');
  }
}

/** Everything that locks themselves reject with. What the client rejects with, a `ClusterError`, comes as it is. */
export type LockError = LockLostError | LockTimeoutError | InvalidResourceError | LocksClosedError;
