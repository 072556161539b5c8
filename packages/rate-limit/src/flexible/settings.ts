import { InvalidOptionError } from '@keyslot/kernel';
import { RateLimitRangeError } from '../errors.ts';
import type { FlexibleRateLimiterOptions } from './options.ts';

const KNOWN: Record<keyof FlexibleRateLimiterOptions, true> = {
  storeClient: true,
  points: true,
  duration: true,
  keyPrefix: true,
  blockDuration: true,
  blockOnConsumed: true,
  execEvenly: true,
  execEvenlyMinDelayMs: true,
  inMemoryBlockOnConsumed: true,
  inMemoryBlockDuration: true,
  rejectIfRedisNotReady: true,
  insuranceLimiter: true,
};

/** The longest time that is not taken for ever, in milliseconds: a year. */
const LONGEST_MS = 365 * 86_400_000;

/** How long ever lasts, because every key expires: ten years. */
const FOREVER_MS = 10 * LONGEST_MS;

/**
 * Refuses what could not be kept, before anything is asked.
 *
 * @throws {InvalidOptionError} for an option that is not known, or cannot be used
 * @throws {RateLimitRangeError} for a number that cannot be
 */
export function check(options: FlexibleRateLimiterOptions): void {
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && !Object.hasOwn(KNOWN, name))
      throw new InvalidOptionError(
        name,
        value,
        `nothing: a FlexibleRateLimiter knows ${Object.keys(KNOWN).join(', ')}`,
      );

  const { storeClient, keyPrefix, points, blockOnConsumed, inMemoryBlockOnConsumed, inMemoryBlockDuration } =
    options;
  // A stand-in of the other limiters' can run scripts, and is none of this one's.
  const { run, set } = (storeClient ?? {}) as Partial<typeof storeClient>;
  if (typeof run !== 'function' || typeof set !== 'function')
    throw new InvalidOptionError(
      'storeClient',
      storeClient,
      'a ClusterClient of @keyslot/cluster; new ClusterClient({ cluster }) makes one of an ioredis Cluster',
    );
  const { insuranceLimiter } = options;
  if (insuranceLimiter !== undefined && typeof insuranceLimiter.consume !== 'function')
    throw new InvalidOptionError('insuranceLimiter', insuranceLimiter, 'a limiter with this interface');
  if (keyPrefix !== undefined && typeof keyPrefix !== 'string')
    throw new InvalidOptionError('keyPrefix', keyPrefix, 'a text');
  for (const name of ['blockOnConsumed', 'inMemoryBlockOnConsumed'] as const) {
    const at = options[name];
    if (at !== undefined && at !== 0 && !(Number.isSafeInteger(at) && at > 0 && at >= points))
      throw new RateLimitRangeError(name, at, `0, or a whole number from points (${points}) up`);
  }
  if (inMemoryBlockDuration !== undefined && inMemoryBlockDuration > 0 && !inMemoryBlockOnConsumed)
    throw new InvalidOptionError(
      'inMemoryBlockDuration',
      inMemoryBlockDuration,
      'nothing without inMemoryBlockOnConsumed, which says from when on to block',
    );
  if (blockOnConsumed && !options.blockDuration)
    throw new InvalidOptionError(
      'blockOnConsumed',
      blockOnConsumed,
      'nothing without blockDuration, which says for how long',
    );
  if (inMemoryBlockDuration !== undefined) msOf('inMemoryBlockDuration', inMemoryBlockDuration);
  const { execEvenlyMinDelayMs } = options;
  if (execEvenlyMinDelayMs !== undefined) msOf('execEvenlyMinDelayMs', execEvenlyMinDelayMs / 1000);
}

/** Seconds as milliseconds, rounded up, so that no positive duration becomes none. @throws {RateLimitRangeError} */
export function msOf(what: string, seconds: number): number {
  const ms = Math.ceil(seconds * 1000);
  if (!(ms >= 0 && ms <= LONGEST_MS))
    throw new RateLimitRangeError(what, seconds, `seconds from 0 to ${LONGEST_MS / 1000} (a year)`);
  return ms;
}

/** How long a key is kept: 0 is for ever. */
export function keptMs(ms: number): number {
  return ms === 0 ? FOREVER_MS : ms;
}

/** How long a key still counts, as rate-limiter-flexible says it: -1 is for ever. */
export function msBeforeNext(leftMs: number): number {
  return leftMs > LONGEST_MS ? -1 : leftMs;
}

/** @throws {RateLimitRangeError} for what is no number of points */
export function wholePoints(points: unknown): number {
  const number = typeof points === 'string' && /^[1-9]\d*$/.test(points) ? Number(points) : points;
  if (!Number.isSafeInteger(number)) throw new RateLimitRangeError('points', points, 'a whole number');
  return number as number;
}

/** @throws {RateLimitRangeError} */
export function notNegative(what: string, number: number): number {
  if (!(Number.isFinite(number) && number >= 0))
    throw new RateLimitRangeError(what, number, 'a finite number from 0 up; 0 denies everything');
  return number;
}
