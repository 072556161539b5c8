import type { Duration } from '@keyslot/kernel';

/** What came of giving a lock back. */
export type ReleaseResult =
  /** It was held until now. */
  | { readonly outcome: 'released' }
  /** It was not held any more: what it guarded may have met with somebody else's work. */
  | { readonly outcome: 'lost' }
  /**
   * It was held until now. The cluster did not answer, for the reason given; it is asked again unless the client was
   * closed, and at the latest the lock is free when its `ttl` is over.
   */
  | { readonly outcome: 'pending'; readonly error: Error };

/**
 * A lock that was taken. It is renewed until it is released, unless it was taken with `renew: false`.
 *
 * Disposing of it releases it. That does not throw for a lock that was lost meanwhile, as it would hide what the block
 * threw: where it matters, call {@link Lock.assertHeld} last in the block, or use `locks.using`, which does.
 */
export interface Lock extends AsyncDisposable {
  /** What is locked, as errors call it. */
  readonly template: string;

  /**
   * The number of this acquisition, larger than those of all earlier ones of the resource: a safe integer. Send it
   * with each write, and have the resource refuse a write whose number is smaller than one that it has seen.
   */
  readonly fencing: number;

  /**
   * Aborts when the lock is lost; the reason is a {@link LockLostError}. Before somebody else can have it, unless the event
   * loop stands still, or the cluster forgets what it acknowledged: see docs/locks.md.
   */
  readonly signal: AbortSignal;

  /** Whether it is held now, by this process's clock, at which it looks anew each time. */
  readonly isHeld: boolean;

  /** How long it is held at least, if nothing renews it, in milliseconds. */
  readonly leftMs: number;

  /**
   * Does nothing while the lock is held. Looks at the clock itself, which a signal cannot do while the event loop stands
   * still: call it after computing, and right before what must not happen twice.
   *
   * @throws {LockLostError}
   */
  assertHeld(): void;

  /**
   * Has it held for `ttl` from now on, at least; renewals go on with that.
   *
   * @param ttl - @default that of the acquisition
   * @throws {LockLostError} when it is not held any more
   * @throws {ClusterError} when the cluster cannot be asked; the lock is then held as long as it was before.
   */
  extend(ttl?: Duration): Promise<void>;

  /** Gives it back. Once: later calls answer the same. Never rejects. */
  release(): Promise<ReleaseResult>;
}
