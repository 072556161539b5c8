import { type Duration, InvalidOptionError, toMs } from '@keyslot/kernel';
import { RateLimitRangeError } from './errors.ts';
import type { Algorithm, LimitOptions } from './limit-options.ts';

const LONGEST_MS = 30 * 86_400_000;
const LONGEST_BLOCK_MS = 365 * 86_400_000;

/** Into how many steps a sliding window is divided at most, so that a count times a weight stays exact. */
const MOST_STEPS = 1_000_000;

/** How much of a rate may be lost by counting in whole microseconds. */
const MOST_LOST = 0.01;

const LETTERS = {
  gcra: 'g',
  'token-bucket': 't',
  'fixed-window': 'f',
  'sliding-window': 's',
  'sliding-log': 'l',
} as const satisfies Record<Algorithm, string>;

/** The letter of an algorithm in keys and arguments. */
export type Letter = (typeof LETTERS)[Algorithm];

/** A limit in the numbers that scripts and models work with: whole ones, none beyond 2^53. */
export interface Limit {
  readonly letter: Letter;
  readonly limit: number;
  readonly periodMs: number;
  readonly windowUs: number;

  /** The largest cost that can ever be admitted. */
  readonly most: number;

  /** What a cost of one adds. */
  readonly unit: number;

  /** What fits in, in the same. */
  readonly capacity: number;

  /** The algorithm's own two numbers; 0 where it has none. */
  readonly a: number;
  readonly b: number;
}

/**
 * @param name - how the option is called in messages
 * @throws {RateLimitRangeError} for numbers that cannot be
 * @throws {InvalidOptionError} for an algorithm or a duration that is none
 */
export function limitOf(options: LimitOptions, name: string): Limit {
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError(name, options, "a limit, like { limit: 100, per: '1m' }");
  const { limit, per, burst, algorithm = 'gcra' } = options;
  if (!Object.hasOwn(LETTERS, algorithm))
    throw new InvalidOptionError(`${name}.algorithm`, algorithm, Object.keys(LETTERS).join(', '));
  mustBeWhole(`${name}.limit`, limit, 'a whole number from 1 up');
  const periodMs = periodOf(per, `${name}.per`);
  const hasBurst = algorithm === 'gcra' || algorithm === 'token-bucket';
  if (burst !== undefined && !hasBurst)
    throw new InvalidOptionError(`${name}.burst`, burst, `nothing with ${algorithm}, which has no burst`);
  const most = burst ?? limit;
  mustBeWhole(`${name}.burst`, most, 'a whole number from 1 up');

  const windowUs = periodMs * 1000;
  const letter = LETTERS[algorithm];
  const numbers = NUMBERS[letter](limit, windowUs, name);
  const capacity = most * numbers.unit;
  // Twice, because a penalty may owe as much again; and the time until that is gone is added to a time.
  if (2 * capacity > Number.MAX_SAFE_INTEGER / 4)
    throw new RateLimitRangeError(
      `${name}.limit`,
      most,
      `at most ${Math.floor(Number.MAX_SAFE_INTEGER / 8 / numbers.unit)} with ${algorithm} and this window; count in larger units`,
    );
  return { letter, limit, periodMs, windowUs, most, capacity, ...numbers };
}

/** @throws {RateLimitRangeError} for a cost that is none, or that no limit could ever admit. */
export function mustBeCost(cost: number, limits: readonly Limit[]): void {
  mustBeWhole('cost', cost, 'a whole number from 1 up');
  for (const { most } of limits)
    if (cost > most)
      throw new RateLimitRangeError(
        'cost',
        cost,
        `1 to ${most}, or it could never be admitted; split it, or raise the limit or its burst`,
      );
}

/** The milliseconds of a block. @throws {RateLimitRangeError} for one that is too long */
export function blockMsOf(duration: Duration): number {
  const blockMs = toMs(duration, 'duration', 0);
  if (blockMs <= LONGEST_BLOCK_MS) return blockMs;
  throw new RateLimitRangeError('duration', duration, `milliseconds from 0 to ${LONGEST_BLOCK_MS} (a year)`);
}

/** @throws {RateLimitRangeError} */
export function mustBeWhole(what: string, received: number, allowed: string): void {
  if (!Number.isSafeInteger(received) || received < 1) throw new RateLimitRangeError(what, received, allowed);
}

function periodOf(per: LimitOptions['per'], name: string): number {
  if (typeof per === 'number' && !(Number.isInteger(per) && per >= 1 && per <= LONGEST_MS))
    throw new RateLimitRangeError(name, per, `whole milliseconds from 1 to ${LONGEST_MS} (30 days)`);
  const periodMs = toMs(per, name);
  if (periodMs > LONGEST_MS)
    throw new RateLimitRangeError(name, per, `whole milliseconds from 1 to ${LONGEST_MS} (30 days)`);
  return periodMs;
}

type Numbers = Pick<Limit, 'unit' | 'a' | 'b'>;

const NUMBERS: Record<Letter, (limit: number, windowUs: number, name: string) => Numbers> = {
  g: (limit, windowUs, name) => {
    const unit = Math.ceil(windowUs / limit);
    if (1 - windowUs / limit / unit > MOST_LOST)
      throw new RateLimitRangeError(
        `${name}.limit`,
        limit,
        `a limit that gcra can count in whole microseconds (${limit} would become ${Math.floor(windowUs / unit)}); or algorithm 'token-bucket', which is exact`,
      );
    return { unit, a: 0, b: 0 };
  },
  t: (limit, windowUs) => {
    const divisor = gcd(limit, windowUs);
    return { unit: windowUs / divisor, a: limit / divisor, b: windowUs / divisor };
  },
  f: (_, windowUs) => ({ unit: 1, a: windowUs, b: 0 }),
  s: (_, windowUs) => {
    const step = Math.ceil(windowUs / MOST_STEPS);
    return { unit: Math.ceil(windowUs / step), a: windowUs, b: step };
  },
  l: (_, windowUs) => ({ unit: 1, a: windowUs, b: 0 }),
};

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
