import { describe, expect, it } from 'vitest';
import { type Duration, toMs, toTimerMs } from './duration.ts';
import { InvalidOptionError, isKeyslotError } from './errors.ts';

describe('toMs', () => {
  it.each([
    ['250ms', 250],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    [42, 42],
    [0.2, 1],
  ] as [Duration, number][])('reads %s as %d ms', (duration, expected) => {
    expect(toMs(duration, 'ttl')).toBe(expected);
  });

  it.each([
    '',
    '5 m',
    '-5m',
    'five',
    '5y',
    '1e3s',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    0,
    null,
    undefined,
    {},
  ])('refuses %j and says what is allowed', (bad) => {
    const read = () => toMs(bad as Duration, 'ttl');
    expect(read).toThrow(InvalidOptionError);
    expect(read).toThrow(/^ttl: got .*; allowed: milliseconds from 1 up/);
  });

  it('takes zero where the caller says that it makes sense', () => {
    expect(toMs(0, 'grace', 0)).toBe(0);
  });
});

describe('toTimerMs', () => {
  it('takes what a timer can be set for', () => {
    expect([toTimerMs('24d', 'lease'), toTimerMs(2 ** 31 - 1, 'lease'), toTimerMs(0, 'within', 0)]).toEqual([
      2_073_600_000, 2_147_483_647, 0,
    ]);
  });

  it.each(['25d', 2 ** 31, Number.MAX_SAFE_INTEGER] as const)(
    'refuses %s, which would end at once',
    (bad) => {
      expect(() => toTimerMs(bad, 'lease')).toThrow(
        /^lease: got .*; allowed: milliseconds from 1 to 2147483647/,
      );
    },
  );

  it('refuses what is no duration, as toMs does', () => {
    expect(() => toTimerMs('soon' as Duration, 'lease')).toThrow(InvalidOptionError);
  });
});

describe('isKeyslotError', () => {
  it('recognises its own and nothing else', () => {
    expect(isKeyslotError(new InvalidOptionError('ttl', 0, 'more'))).toBe(true);
    expect([new Error('x'), null, undefined, 'KERNEL_INVALID_OPTION', {}].some(isKeyslotError)).toBe(false);
  });
});
