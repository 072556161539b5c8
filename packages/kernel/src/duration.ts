import ms from 'ms';
import { InvalidOptionError } from './errors.ts';

/**
 * A length of time: milliseconds as a number, or a number with a unit, like `'250ms'`, `'1.5s'`, `'5m'`,
 * `'1h'` or `'7d'`.
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const FORM = /^\d+(\.\d+)?(ms|s|m|h|d)$/;

/**
 * Reads a duration as whole milliseconds, rounded up, so that no positive duration becomes none.
 *
 * @param option - the name to show when the duration cannot be used
 * @param least - the least number of milliseconds that makes sense here
 * @throws {InvalidOptionError} for anything that is no duration or is below `least`.
 *
 * @example
 * ```ts run
 * import { toMs } from '@keyslot/kernel';
 *
 * toMs('5m', 'ttl'); // => 300_000
 * toMs(250, 'deadline'); // => 250
 * ```
 */
export function toMs(duration: Duration, option: string, least = 1): number {
  const value =
    typeof duration === 'number'
      ? duration
      : FORM.test(duration)
        ? ms(duration as ms.StringValue)
        : Number.NaN;

  const whole = Math.ceil(value);
  if (!Number.isSafeInteger(whole) || whole < least) {
    throw new InvalidOptionError(
      option,
      duration,
      `milliseconds from ${least} up, or a string like '250ms', '30s', '5m', '1h'`,
    );
  }
  return whole;
}

/** The longest that a timer of Node can be set for, in milliseconds: with more it would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * As {@link toMs}, for what a timer is set for: no longer than 24.8 days, which is the most that one can be.
 *
 * @throws {InvalidOptionError} for anything that is no duration, is below `least`, or is longer.
 */
export function toTimerMs(duration: Duration, option: string, least = 1): number {
  const whole = toMs(duration, option, least);
  if (whole <= LONGEST_TIMER_MS) return whole;
  throw new InvalidOptionError(
    option,
    duration,
    `milliseconds from ${least} to ${LONGEST_TIMER_MS}, or a string like '250ms', '1h', '24d'`,
  );
}
