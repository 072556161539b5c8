import { describe, expect, it } from 'vitest';
import { type Duration, toMs } from './duration.ts';
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

describe('isKeyslotError', () => {
  it('recognises its own and nothing else', () => {
    expect(isKeyslotError(new InvalidOptionError('ttl', 0, 'more'))).toBe(true);
    expect([new Error('x'), null, undefined, 'KERNEL_INVALID_OPTION', {}].some(isKeyslotError)).toBe(false);
  });
});
