import type { LimitOptions } from '../limit-options.ts';
import type { RateLimiter } from '../rate-limiter.ts';
import type { RateLimitedError, RateLimitUndecidedError } from './errors.ts';

/** How requests are limited. */
export interface HttpRateLimitOptions<Request> {
  /** Decides. Its `onUnavailable` says what becomes of a request when the cluster cannot be asked. */
  readonly limiter: Pick<RateLimiter, 'name' | 'consume'>;

  /**
   * Who is charged for a request. It comes from outside, so let it be something that was verified: a user id after the
   * authentication, not a header. One longer than 256 characters is charged by its SHA-256.
   *
   * @default the address, as `addressOf` finds it
   */
  readonly key?: (request: Request) => string | Promise<string>;

  /** What a request costs. A whole number. @default 1 */
  readonly cost?: number | ((request: Request) => number | Promise<number>);

  /**
   * The limits of a request, instead of the limiter's; a function gives plans. Give the limiter's own here as well, and
   * `RateLimit-Policy` tells all of them, with their windows. Give the same arrays again and again: each is looked at once.
   *
   * @default the limiter's, of which `RateLimit-Policy` tells the nearest
   */
  readonly limits?:
    | readonly LimitOptions[]
    | ((request: Request) => readonly LimitOptions[] | Promise<readonly LimitOptions[]>);

  /**
   * What is said to a request that does not go on: what it returns is sent as JSON, with status 429, or 503 when nobody could
   * decide; an `Error`, like the one that it was given, goes to the application's error handler.
   *
   * @default a problem document (RFC 9457) with `status`, `title`, `detail` and `retryAfterMs`
   */
  readonly denied?: (error: RateLimitedError | RateLimitUndecidedError, request: Request) => unknown;
}
