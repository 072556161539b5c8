import type { Duration } from '@keyslot/kernel';

/**
 * How a limit is kept. What each promises, and what it costs, is in `docs/rate-limits.md`.
 *
 * - `gcra`: spreads admissions evenly; a burst at once, then one each time that a place comes free
 * - `token-bucket`: the same, exact also where a second does not divide by the limit, and for costs like bytes
 * - `fixed-window`: so many from the first one on, then again from the next; twice as many around the boundary
 * - `sliding-window`: a window that moves, by the counts of two fixed ones; an estimate
 * - `sliding-log`: never more in any window, exactly; memory for each admission
 */
export type Algorithm = 'gcra' | 'token-bucket' | 'fixed-window' | 'sliding-window' | 'sliding-log';

/** One limit of a subject: so many within a time. */
export interface LimitOptions {
  /** How much may be admitted within `per`, in units of cost. A whole number. */
  readonly limit: number;

  /**
   * The window: from 1 ms to 30 days, whole milliseconds. A number is milliseconds: write `'60s'` for a minute, not `60`. A
   * longer one frees places more slowly.
   */
  readonly per: Duration;

  /**
   * How much may be admitted at once, for `gcra` and `token-bucket`. In any window no more than `limit + burst` are
   * admitted. A cost above it is refused.
   *
   * @default `limit`
   */
  readonly burst?: number;

  /** How the limit is kept. A `sliding-log` is its limiter's only limit. @default 'gcra' */
  readonly algorithm?: Algorithm;
}
