import { InvalidOptionError } from '@keyslot/kernel';
import { type Limit, limitOf } from './limit.ts';
import type { LimitOptions } from './limit-options.ts';

/** How many limits a subject may have. */
const MOST_LIMITS = 16;

/** The limits of a subject, in the form in which they are charged. */
export interface Plan {
  readonly limits: readonly Limit[];

  /** `gcra`: one limit of that algorithm, which has a script of its own. */
  readonly kind: 'gcra' | 'counters' | 'log';

  /** The argument that names all limits, for a cost of one. */
  readonly argument: string;
}

const plans = new WeakMap<readonly LimitOptions[], Plan>();

/**
 * The plan of these limits, made once for each array.
 *
 * @throws {RateLimitRangeError} for numbers that cannot be
 * @throws {InvalidOptionError} for anything else that cannot
 */
export function planOf(options: readonly LimitOptions[]): Plan {
  let plan = plans.get(options);
  if (plan === undefined) {
    plan = madeOf(options);
    plans.set(options, plan);
  }
  return plan;
}

/** The limits as `charge.lua` reads them. A negative cost gives back. */
export function argumentFor({ limits, argument }: Plan, cost: number): string {
  return cost === 1 ? argument : textOf(limits, cost);
}

function madeOf(options: readonly LimitOptions[]): Plan {
  if (!Array.isArray(options) || options.length < 1 || options.length > MOST_LIMITS)
    throw new InvalidOptionError('limits', options, `an array of 1 to ${MOST_LIMITS} limits`);
  const limits = options.map((each, i) => limitOf(each, `limits[${i}]`));
  const hasLog = limits.some(({ letter }) => letter === 'l');
  if (hasLog && limits.length > 1)
    throw new InvalidOptionError(
      'limits',
      options,
      'one sliding-log alone; give the other limits a limiter of their own, and charge both with consumeAll',
    );
  const kind = hasLog ? 'log' : limits.length === 1 && limits[0]?.letter === 'g' ? 'gcra' : 'counters';
  return { limits, kind, argument: textOf(limits, 1) };
}

function textOf(limits: readonly Limit[], cost: number): string {
  return limits
    .map(({ letter, unit, capacity, a, b }) => {
      // A penalty may be any number. More than this changes nothing, would not be exact, and in the end no digits only.
      const most = Math.floor(Number.MAX_SAFE_INTEGER / unit);
      const charge = Math.max(-most, Math.min(cost, most)) * unit;
      return `${letter}${charge},${capacity},${a},${b}`;
    })
    .join(' ');
}
