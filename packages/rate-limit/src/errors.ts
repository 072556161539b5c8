import type { ClusterError } from '@keyslot/cluster';
import type { InvalidOptionError } from '@keyslot/kernel';
import type { ParameterError } from '@keyslot/keys';

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

/** Everything that a limiter rejects with, so that a `switch` over `code` can be exhaustive. */
export type RateLimitError = RateLimitRangeError | InvalidOptionError | ParameterError | ClusterError;

function shown(received: unknown): string {
  return typeof received === 'number' || typeof received === 'bigint'
    ? `${received}`
    : `a value of type ${typeof received}`;
}
