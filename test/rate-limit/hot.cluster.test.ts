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
  // The calm before fills the bucket again, while places are charged ahead: then most could be admitted.
  test.for(['gcra', 'token-bucket'] as const)(
    'is admitted what %s allows, and no more above it than is held ahead',
    async (algorithm, { cluster }) => {
      const limits: LimitOptions[] = [{ limit: LIMIT, per: '1s', burst: BURST, algorithm }];
      const { admissions, denials, leased, errors } = await flood(cluster, limits, algorithm, undefined, {
        hot: { above: 100, hold: HOLD_MS },
        calmMs: 1_500,
      });
      expect(errors).toEqual([]);
      expect(leased).toBeGreaterThan(100);
      expect(denials).toBeGreaterThan(1000);
      expect(mostWithin(admissions, 1000)).toBeLessThanOrEqual(MOST);
      const flooded = admissions.filter(({ from }) => from > (admissions[0]?.from ?? 0) + 2_000);
      expect(flooded.length).toBeGreaterThanOrEqual(0.99 * LIMIT * secondsOf(flooded));
    },
  );
});
