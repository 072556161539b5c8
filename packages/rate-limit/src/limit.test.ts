import { InvalidOptionError, isKeyslotError } from '@keyslot/kernel';
import { describe, expect, it } from 'vitest';
import { RateLimitRangeError } from './errors.ts';
import { limitOf, mustBeCost } from './limit.ts';
import type { LimitOptions } from './limit-options.ts';
import { argumentFor, planOf } from './plan.ts';

const read = (options: unknown) => limitOf(options as LimitOptions, 'limits[0]');

describe('a limit', () => {
  it.each([
    [{ limit: 0, per: '1s' }, 'limits[0].limit: got 0; allowed: a whole number'],
    [{ limit: -1, per: '1s' }, 'limits[0].limit: got -1'],
    [{ limit: 1.5, per: '1s' }, 'limits[0].limit: got 1.5'],
    [{ limit: Number.NaN, per: '1s' }, 'limits[0].limit: got NaN'],
    [{ limit: '5', per: '1s' }, 'limits[0].limit: got a value of type string'],
    [{ limit: 5, per: 0.5 }, 'limits[0].per: got 0.5; allowed: whole milliseconds from 1 to 2592000000'],
    [{ limit: 5, per: 0 }, 'limits[0].per: got 0'],
    [{ limit: 5, per: Number.POSITIVE_INFINITY }, 'limits[0].per: got Infinity'],
    [{ limit: 5, per: '31d' }, "limits[0].per: got '31d'"],
    [{ limit: 5, per: '1s', burst: 0 }, 'limits[0].burst: got 0'],
    [
      { limit: 30_000, per: '1s' },
      "limits[0].limit: got 30000; allowed: a limit that gcra can count in whole microseconds (30000 would become 29411); or algorithm 'token-bucket', which is exact",
    ],
    [
      { limit: 2 ** 53 - 1, per: '1s', algorithm: 'fixed-window' },
      'limits[0].limit: got 9007199254740991; allowed: at most 1125899906842623 with fixed-window',
    ],
    [
      { limit: 1, burst: 10_000, per: '30d', algorithm: 'token-bucket' },
      'limits[0].limit: got 10000; allowed: at most 434 with token-bucket',
    ],
  ])('is refused with a RangeError when it cannot be: %j', (options, message) => {
    expect(() => read(options)).toThrow(RangeError);
    expect(() => read(options)).toThrow(message);
    expect(() => read(options)).toThrow(expect.objectContaining({ code: 'RATE_LIMIT_OUT_OF_RANGE' }));
  });

  it.each([
    [{ limit: 5, per: 'soon' }, 'limits[0].per'],
    [{ limit: 5, per: '1s', algorithm: 'leaky' }, 'limits[0].algorithm'],
    [{ limit: 5, per: '1s', algorithm: 'toString' }, 'limits[0].algorithm'],
    [{ limit: 5, per: '1s', algorithm: 'fixed-window', burst: 5 }, 'limits[0].burst'],
  ])('is refused when it is misspelt: %j', (options, option) => {
    expect(() => read(options)).toThrow(InvalidOptionError);
    expect(() => read(options)).toThrow(expect.objectContaining({ option }));
  });

  it.each([
    { limit: 1, per: 1 },
    { limit: 1, per: '30d' },
    { limit: 100_000, per: '30d' },
    { limit: 1_000_000, per: '1s' },
    { limit: 10_485_760, per: '1s', algorithm: 'token-bucket' },
    { limit: 1_000_000_000, per: '30d', algorithm: 'sliding-window' },
  ] as LimitOptions[])('is taken: %j', (options) => {
    const { most, capacity } = limitOf(options, 'limits[0]');
    expect(most).toBe(options.limit);
    expect(Number.isSafeInteger(4 * capacity)).toBe(true);
  });

  it('holds exactly its burst, whatever the division leaves over', () => {
    const { capacity, unit } = limitOf({ limit: 7, per: '1s', burst: 3 }, 'limits[0]');
    expect([capacity / unit, unit]).toEqual([3, Math.ceil(1_000_000 / 7)]);
  });
});

describe('a cost', () => {
  const { limits } = planOf([
    { limit: 10, per: '1s', burst: 4 },
    { limit: 8, per: '1h', algorithm: 'fixed-window' },
  ]);

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1', null, 5, 2 ** 53])(
    'is refused when it is no whole number, or could never be admitted: %j',
    (cost) => {
      expect(() => mustBeCost(cost as number, limits)).toThrow(RateLimitRangeError);
    },
  );

  it('is taken up to what the smallest burst holds', () => {
    expect(() => mustBeCost(4, limits)).not.toThrow();
    expect(() => mustBeCost(5, limits)).toThrow('cost: got 5; allowed: 1 to 4');
  });
});

describe('a plan', () => {
  it('is made once for an array', () => {
    const limits: LimitOptions[] = [{ limit: 1, per: '1s' }];
    expect(planOf(limits)).toBe(planOf(limits));
  });

  it.each([[[]], [undefined], ['ten'], [Array.from({ length: 17 }, () => ({ limit: 1, per: 1 }))]])(
    'is refused without limits, and with too many: %#',
    (limits) => {
      expect(() => planOf(limits as LimitOptions[])).toThrow(InvalidOptionError);
    },
  );

  it('is charged in digits only, however great a penalty is', () => {
    const plan = planOf([
      { limit: 10_000_000_000, per: '1d', algorithm: 'fixed-window' },
      { limit: 10, per: '30d' },
      { limit: 10, per: '30d', algorithm: 'sliding-window' },
    ]);
    for (const cost of [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER])
      expect(argumentFor(plan, cost)).toMatch(
        /^f-?\d{16},\d+,\d+,0 g-?\d{16},\d+,0,0 s-?\d{16},\d+,\d+,\d+$/,
      );
  });

  it('is refused with a log that is not alone', () => {
    expect(() =>
      planOf([
        { limit: 1, per: '1s', algorithm: 'sliding-log' },
        { limit: 1, per: '1s' },
      ]),
    ).toThrow(/consumeAll/);
  });
});

it('the error is one of Keyslot too', () => {
  expect(isKeyslotError(new RateLimitRangeError('cost', 0, 'more'))).toBe(true);
});
