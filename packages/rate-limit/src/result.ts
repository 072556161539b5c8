/** Who decided. */
export type DecidedBy =
  /** The cluster, exactly. */
  | 'cluster'
  /** This process, which was told a short while ago how long the subject stays denied. */
  | 'memory-of-denials'
  /** Nobody: the cluster could not be asked, and the limiter admits then. */
  | 'open'
  /** Nobody: the cluster could not be asked, and the limiter denies then. No limit was reached. */
  | 'closed'
  /** This process, with its share of the limit, because the cluster could not be asked. */
  | 'local';

/** What was decided about a request. */
export interface RateLimitResult {
  /** Whether it may go on. What is not admitted was not charged. */
  readonly allowed: boolean;

  /** The limit that is nearest to being reached, or that denied. */
  readonly limit: number;

  /** How much more that limit would admit now. */
  readonly remaining: number;

  /**
   * After how many milliseconds the same cost may be admitted, if nobody else takes the place; 0 when it was. Where nobody
   * decided, a guess.
   */
  readonly retryAfterMs: number;

  /** After how many milliseconds that limit is as if it had never been used. */
  readonly resetMs: number;

  /** What denied: the place of a limit in `limits`, or a `'block'`; `undefined` when no limiter denied. */
  readonly limitedBy: number | 'block' | undefined;

  /** Who decided. */
  readonly decidedBy: DecidedBy;
}

/** What is used of the limits of a subject, after a change that is no request. */
export type RateLimitState = Pick<RateLimitResult, 'limit' | 'remaining' | 'resetMs'>;
