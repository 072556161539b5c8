import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { consumeAll } from './consume-all.ts';
import type { LimitOptions } from './limit-options.ts';
import { MemoryRateLimitClient } from './memory-client.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { RateLimiterOptions } from './rate-limiter-options.ts';
import type { RateLimitResult } from './result.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Times at which something is changed: before, while and after a question is under way. */
const PHASES = Array.from({ length: 12 }, (_, i) => i);

/** A bucket that practically does not drain: what was charged stays so. */
const SLOW: readonly LimitOptions[] = [{ limit: 10_000, per: '1h', burst: 1000 }];

/** A limiter of which every subject is hot, on a cluster that is 1 ms away in each direction. */
function openLimiter(options: Partial<RateLimiterOptions> = {}) {
  const client = new MemoryRateLimitClient({ clock: { now: () => performance.now() } });
  const [run, remove] = [client.run.bind(client), client.delete.bind(client)];
  const far = { ms: 1, underWay: 0, deadlines: [] as unknown[] };
  async function farAway<T>(ask: () => Promise<T>): Promise<T> {
    far.underWay++;
    await new Promise((resolve) => setTimeout(resolve, far.ms));
    const reply = await ask();
    await new Promise((resolve) => setTimeout(resolve, far.ms));
    far.underWay--;
    return reply;
  }
  vi.spyOn(client, 'run').mockImplementation((...asked) => {
    far.deadlines.push(asked[3]?.deadline);
    return farAway(() => run(...asked));
  });
  vi.spyOn(client, 'delete').mockImplementation((...asked) => farAway(() => remove(...asked)));
  const limits = [{ limit: 1000, per: '1s', burst: 100 }] as const;
  const hot = { above: 10, hold: 20, batch: 50 };
  const limiter = new RateLimiter({ client, name: 'test', limits, hot, rememberDenials: 0, ...options });
  return { limiter, client, far };
}

/** Has three callers ask all the time, and tells what those were told that asked after a moment. */
function flood(limiter: RateLimiter, times: number) {
  const flooded = { isAfter: false, after: [] as RateLimitResult[] };
  for (let caller = 0; caller < 3; caller++) {
    void (async () => {
      for (let i = 0; i < times; i++) {
        const { isAfter } = flooded;
        const result = await limiter.consume('s');
        if (isAfter) flooded.after.push(result);
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    })();
  }
  return flooded;
}

/** How often that was. */
async function askUntilLeased(limiter: RateLimiter, subject = 's'): Promise<number> {
  for (let i = 1; i < 100; i++) if ((await soon(limiter.consume(subject))).decidedBy === 'lease') return i;
  throw new Error('no place was charged ahead');
}

/** What it comes to, with the clock going on for as long as two questions take. */
async function soon<T>(promise: Promise<T>): Promise<T> {
  await vi.advanceTimersByTimeAsync(5);
  return promise;
}

describe('a hot subject', () => {
  test.each(PHASES)('is admitted nothing after its block was acknowledged (%i ms later)', async (phase) => {
    const { limiter } = openLimiter({ limits: [{ limit: 10_000, per: '1s', burst: 1000 }] });
    const flooded = flood(limiter, 300);
    await vi.advanceTimersByTimeAsync(60 + phase);
    void limiter.block('s', '100s').then(() => {
      flooded.isAfter = true;
    });
    await vi.advanceTimersByTimeAsync(40);
    expect(flooded.after.length).toBeGreaterThan(5);
    expect(flooded.after.filter(({ allowed }) => allowed)).toEqual([]);
  });

  test.each(PHASES)(
    'is not credited after a reset what it was charged before (%i ms later)',
    async (phase) => {
      const { limiter, client } = openLimiter({ limits: SLOW });
      const flooded = flood(limiter, 300);
      await vi.advanceTimersByTimeAsync(50 + phase);
      void limiter.reset('s').then(() => {
        flooded.isAfter = true;
      });
      await vi.advanceTimersByTimeAsync(2000);
      const admitted = flooded.after.filter(({ allowed }) => allowed).length;
      expect(admitted).toBeGreaterThan(100);
      const other = new RateLimiter({ client, name: 'test', limits: SLOW });
      const { remaining } = await soon(other.peek('s'));
      // What drains within two seconds.
      expect(remaining).toBeLessThanOrEqual(1000 - admitted + 6);
      // And nothing is lost that was charged anew.
      expect(remaining).toBeGreaterThanOrEqual(1000 - admitted - 20);
    },
  );

  test('is denied at once after a penalty, whatever was charged ahead', async () => {
    const { limiter } = openLimiter({ limits: SLOW });
    await askUntilLeased(limiter);
    await soon(limiter.penalty('s', 1000));
    expect(await soon(limiter.consume('s'))).toMatchObject({ allowed: false });
  });

  test('has no lease any more when it is rewarded', async () => {
    const { limiter } = openLimiter({ limits: SLOW });
    await askUntilLeased(limiter);
    await soon(limiter.reward('s', 1000));
    expect(await soon(limiter.peek('s'))).toMatchObject({ remaining: 1000 });
  });

  test('has all given back when close resolves, also what was on its way', async () => {
    for (const waitedMs of PHASES.map((each) => each * 2)) {
      const { limiter, far } = openLimiter({ limits: SLOW });
      await askUntilLeased(limiter);
      const asked = limiter.consume('s', 40);
      await vi.advanceTimersByTimeAsync(waitedMs);
      const closed = limiter.close().then(() => far.underWay);
      await vi.advanceTimersByTimeAsync(10);
      expect(await closed).toBe(0);
      await asked;
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  test('is lent nothing by a limiter that was closed before', async () => {
    const { limiter } = openLimiter({ limits: SLOW });
    await limiter.close();
    await expect(askUntilLeased(limiter, 'new')).rejects.toThrow('no place was charged ahead');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('gets back what a lease gave when a later subject is denied', async () => {
    const { limiter } = openLimiter({ limits: SLOW });
    const addresses = new RateLimiter({
      client: new MemoryRateLimitClient(),
      name: 'b',
      limits: [{ limit: 1, per: '1h' }],
    });
    await addresses.consume('192.0.2.1');
    const admitted = await askUntilLeased(limiter);
    const { results } = await soon(
      consumeAll([
        [limiter, 's'],
        [addresses, '192.0.2.1'],
      ]),
    );
    expect(results.map(({ decidedBy }) => decidedBy)).toEqual(['lease', 'cluster']);
    expect(await soon(limiter.peek('s'))).toMatchObject({ remaining: 1000 - admitted });
  });

  test('is decided within one deadline, however often it is asked about', async () => {
    const { limiter, far } = openLimiter({ deadline: 100, hot: { above: 10, hold: 0 } });
    const warm = Promise.all(Array.from({ length: 20 }, () => limiter.consume('s')));
    await vi.advanceTimersByTimeAsync(200);
    await warm;
    far.ms = 15;
    far.deadlines.length = 0;
    const all = Promise.all([90, 50, 5].map((cost) => limiter.consume('s', cost)));
    await vi.advanceTimersByTimeAsync(200);
    expect((await all).map(({ allowed }) => allowed)).toEqual([true, false, true]);
    // The first alone; the others wait for it, are asked for together, and then as far as there is room.
    expect(far.deadlines).toEqual([100, 70, 40]);
  });
});
