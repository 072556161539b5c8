import type { Duration } from '@keyslot/kernel';
import type { LimitOptions } from './limit-options.ts';

/** How long somebody waits for a place. */
export interface WaitOptions {
  /**
   * How long to wait at most, up to a day; 0 asks once and does not wait. Who is sure not to be admitted by then is told
   * at once; a question that is under way then is waited for.
   *
   * @default '10s'
   */
  readonly within?: Duration;

  /**
   * Ends the wait when it is aborted: it rejects with `AbortedError` of `@keyslot/cluster`, whose `cause` is the signal's reason.
   * What was charged meanwhile is given back.
   */
  readonly signal?: AbortSignal;

  /** The limits of this call, instead of the limiter's: a plan. */
  readonly limits?: readonly LimitOptions[];
}
