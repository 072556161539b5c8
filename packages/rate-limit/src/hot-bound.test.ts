import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryRateLimitClient } from './memory-client.ts';
import { RateLimiter } from './rate-limiter.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const LIMIT = 1000;
const BURST = 200;

/** How long an answer is under way, in milliseconds: its places were charged that much before. */
const REPLY_MS = 1;

const wave = fc.record({
  pauseMs: fc.integer({ min: 0, max: 60 }),
  process: fc.nat({ max: 2 }),
  requests: fc.integer({ min: 1, max: 60 }),
});

test.for([0, 20, 100])(
  'three processes that hold places for %i ms admit no more than is promised, in any window',
  { timeout: 60_000 },
  async (hold) => {
    await fc.assert(
      fc.asyncProperty(fc.array(wave, { minLength: 40, maxLength: 120 }), async (waves) => {
        const client = new MemoryRateLimitClient({ clock: { now: () => performance.now() } });
        const run = client.run.bind(client);
        vi.spyOn(client, 'run').mockImplementation(async (...asked) => {
          const reply = await run(...asked);
          if (reply !== null) await new Promise((resolve) => setTimeout(resolve, REPLY_MS));
          return reply;
        });
        const limits = [{ limit: LIMIT, per: '1s', burst: BURST }] as const;
        const limiters = Array.from(
          { length: 3 },
          () => new RateLimiter({ client, name: 'bound', limits, hot: { above: 10, hold } }),
        );

        // A bucket that leaks at the limit's rate holds what is too much in whichever window is the worst.
        let level = 0;
        let at = performance.now();
        let highest = 0;
        const admit = () => {
          const now = performance.now();
          level = Math.max(0, level - ((now - at) * LIMIT) / 1000) + 1;
          at = now;
          highest = Math.max(highest, level);
        };
        for (const { pauseMs, process, requests } of waves) {
          await vi.advanceTimersByTimeAsync(pauseMs);
          for (let i = 0; i < requests; i++)
            void limiters[process]?.consume('s').then(({ allowed }) => allowed && admit());
        }
        await vi.advanceTimersByTimeAsync(hold + 50);
        expect(highest).toBeLessThanOrEqual(BURST + (LIMIT * (2 * hold + 2 * REPLY_MS)) / 1000);
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 60 },
    );
  },
);
