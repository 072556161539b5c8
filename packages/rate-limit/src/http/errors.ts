import { KeyslotError } from '@keyslot/kernel';
import type { NoSubjectError } from '../errors.ts';
import type { RateLimitResult } from '../result.ts';

/**
 * A request was denied: a limit was reached, or its subject is blocked. What an application's own error handler is given when
 * it asked for it; Express and Fastify answer 429 by the status that is in it. Wait for `retryAfterMs`.
 */
export class RateLimitedError extends KeyslotError {
  readonly code = 'RATE_LIMIT_EXCEEDED';
  override readonly retryable = true;
  readonly statusCode = 429;

  /** The same, by the name that Express prefers. */
  readonly status = 429;

  /** The limiter's name. */
  readonly limiter: string;
  readonly retryAfterMs: number;
  readonly result: RateLimitResult;

  constructor(limiter: string, result: RateLimitResult) {
    super(`Too many requests: the limit '${limiter}' was reached; try again in ${seconds(result)} s`);
    this.limiter = limiter;
    this.retryAfterMs = result.retryAfterMs;
    this.result = result;
  }
}

/**
 * A request was turned away because the cluster could not be asked, and the limiter is one that then denies
 * (`onUnavailable: 'closed'`). No limit was reached, so it is a 503. Look at what the cluster is missing.
 */
export class RateLimitUndecidedError extends KeyslotError {
  readonly code = 'RATE_LIMIT_UNDECIDED';
  override readonly retryable = true;
  readonly statusCode = 503;

  /** The same, by the name that Express prefers. */
  readonly status = 503;

  /** The limiter's name. */
  readonly limiter: string;
  readonly retryAfterMs: number;
  readonly result: RateLimitResult;

  constructor(limiter: string, result: RateLimitResult) {
    super(
      `Whether the limit '${limiter}' is reached could not be found out; try again in ${seconds(result)} s`,
    );
    this.limiter = limiter;
    this.retryAfterMs = result.retryAfterMs;
    this.result = result;
  }
}

/** Every error of the adapters for HTTP. */
export type HttpRateLimitError = RateLimitedError | RateLimitUndecidedError | NoSubjectError;

/** As `Retry-After` says it. */
export function seconds({ retryAfterMs }: Pick<RateLimitResult, 'retryAfterMs'>): number {
  return Math.max(Math.ceil(retryAfterMs / 1000), 1);
}
