import type { LimitOptions } from '@keyslot/rate-limit';
import { describe, expect } from 'vitest';
import { test } from './fixtures.ts';
import { flood, mostWithin, secondsOf } from './flood.ts';

const HOLD_MS = 50;
const LIMIT = 4000;
const BURST = 2000;

/** What `HotOptions.hold` promises. */
const MOST = LIMIT + BURST + (LIMIT * 2 * HOLD_MS) / 1000;

describe('a hot subject of four processes', () => {
  test.for(['gcra', 'token-bucket'] as const)(
    'is admitted no more than %s and the places charged ahead allow, in waves',
    async (algorithm, { cluster }) => {
      const limits: LimitOptions[] = [{ limit: LIMIT, per: '1s', burst: BURST, algorithm }];
      const { admissions, leased, errors } = await flood(cluster, limits, `waves-${algorithm}`, undefined, {
        hot: { hold: HOLD_MS },
        waves: { askMs: 150, restMs: 250 },
      });
      expect(errors).toEqual([]);
      expect(leased).toBeGreaterThan(100);
      expect(mostWithin(admissions, 1000)).toBeLessThanOrEqual(MOST);
      console.log(mostWithin(admissions, 1000), MOST, admissions.length, leased);
    },
  );

  test('is admitted all that the limit allows when it is asked for without a pause', async ({ cluster }) => {
    const limits = [{ limit: LIMIT, per: '1s', burst: BURST }] as const;
    const { admissions, denials, leased, errors } = await flood(cluster, limits, 'flood', undefined, {
      hot: { hold: HOLD_MS },
    });
    expect(errors).toEqual([]);
    expect(denials).toBeGreaterThan(1000);
    expect(mostWithin(admissions, 1000)).toBeLessThanOrEqual(MOST);
    expect(admissions.length).toBeGreaterThanOrEqual(0.99 * LIMIT * secondsOf(admissions));
    console.log(
      mostWithin(admissions, 1000),
      MOST,
      admissions.length / (BURST + LIMIT * secondsOf(admissions)),
      denials,
      FLOOD_MS,
    );
  });
});
