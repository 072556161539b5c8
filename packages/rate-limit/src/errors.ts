import type { ClusterError } from '@keyslot/cluster';
import { type InvalidOptionError, KeyslotError } from '@keyslot/kernel';
import type { RateLimitResult } from './result.ts';

const brand = Symbol.for('@keyslot/error');

/**
 * A number that no limiter can work with: a limit, a window or a cost. It is a `RangeError`, as such a mistake is in
 * JavaScript, and is known to `isKeyslotError` by its brand. The message says what is allowed; nothing was charged.
 */
export class RateLimitRangeError extends RangeError {
  readonly code = 'RATE_LIMIT_OUT_OF_RANGE';
  readonly retryable = false;
  readonly [brand] = true;

  /** Which number it is: an option, like `limits[0].per`, or an argument, like `cost`. */
  readonly what: string;

  constructor(what: string, received: unknown, allowed: string) {
    super(`${what}: got ${shown(received)}; allowed: ${allowed}`);
    this.name = 'RateLimitRangeError';
    this.what = what;
  }
}

/**
 * Somebody who waited for a place was not admitted in time, or is sure not to be. Nothing was charged. Try again after
 * `retryAfterMs`, wait for longer, or do without.
 */
export class RateLimitTimeoutError extends KeyslotError {
  readonly code = 'RATE_LIMIT_TIMEOUT';
  override readonly retryable = true;

  /** The limiter's name. */
  readonly limiter: string;
  readonly withinMs: number;

  /** After how many milliseconds whoever is first in the queue asks again; 0 when it is not known. */
  readonly retryAfterMs: number;

  /**
   * The denial that it was told for: by `decidedBy` a limiter's, or that of a cluster that could not be asked. `undefined`
   * when those before it took all the time there was.
   */
  readonly denial: RateLimitResult | undefined;

  constructor(limiter: string, withinMs: number, retryAfterMs: number, denial: RateLimitResult | undefined) {
    const why =
      denial === undefined
        ? 'others were first'
        : denial.decidedBy === 'closed'
          ? 'the cluster cannot be asked'
          : `the next place is free in ${retryAfterMs} ms`;
    super(`${limiter}: no place within ${withinMs} ms (${why}); wait for longer, or try again later`);
    this.limiter = limiter;
    this.withinMs = withinMs;
    this.retryAfterMs = retryAfterMs;
    this.denial = denial;
  }
}

/** The limiter was closed while somebody waited, or before. Nothing was charged. Wait at a limiter that is open. */
export class RateLimiterClosedError extends KeyslotError {
  readonly code = 'RATE_LIMIT_CLOSED';
  readonly limiter: string;

  constructor(limiter: string) {
    super(`${limiter}: the limiter is closed; nobody can wait any more`);
    this.limiter = limiter;
  }
}

/**
 * Nobody could be charged: the subject is empty or no text, or a request has no address. Were it let through, all who have
 * none would share one limit. Nothing was charged. Say who it is, and let an adapter's `key` return that.
 */
export class NoSubjectError extends KeyslotError {
  readonly code = 'RATE_LIMIT_NO_SUBJECT';

  constructor(received: string) {
    super(`subject: got ${received}; allowed: a text that is not empty`);
  }
}

/** Everything that a limiter rejects with, so that a `switch` over `code` can be exhaustive. */
export type RateLimitError =
  | RateLimitRangeError
  | RateLimitTimeoutError
  | RateLimiterClosedError
  | NoSubjectError
  | InvalidOptionError
  | ClusterError;

function shown(received: unknown): string {
  if (typeof received === 'number' || typeof received === 'bigint') return `${received}`;
  // Other texts may be somebody's data.
  if (typeof received === 'string' && /^\d+(\.\d+)?(ms|s|m|h|d)$/.test(received)) return `'${received}'`;
  return `a value of type ${typeof received}`;
}
