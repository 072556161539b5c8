import { ShardUnavailableError } from '@keyslot/cluster';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryRateLimitClient } from './memory-client.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { RateLimiterOptions } from './rate-limiter-options.ts';
import type { RateLimitResult } from './result.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A limiter of which every subject is hot, whose questions take 1 ms. */
function openLimiter(options: Partial<RateLimiterOptions> = {}) {
  const client = new MemoryRateLimitClient({ clock: { now: () => performance.now() } });
  const run = client.run.bind(client);
  const asked: string[] = [];
  vi.spyOn(client, 'run').mockImplementation(async (script, ...more) => {
    const reply = await run(script, ...more);
    if (!(script.source.name === 'gcra' && reply === null)) asked.push(script.source.name);
    await new Promise((resolve) => setTimeout(resolve, 1));
    return reply;
  });
  const limiter = new RateLimiter({
    client,
    name: 'test',
    limits: [{ limit: 1000, per: '1s', burst: 100 }],
    hot: { above: 10, hold: 20, batch: 50 },
    rememberDenials: 0,
    ...options,
  });
  const other = new RateLimiter({ client, name: 'test', limits: [{ limit: 1000, per: '1s', burst: 100 }] });
  return { limiter, other, asked, client };
}

/** What so many at once are told, with the clock going on. */
async function consumeAtOnce(limiter: RateLimiter, times: number, cost = 1) {
  const all = Promise.all(Array.from({ length: times }, () => limiter.consume('s', cost)));
  await vi.advanceTimersByTimeAsync(20);
  return all;
}

const WINDOWED = [{ limit: 1000, per: '1s', algorithm: 'fixed-window' }] as const;

describe('a hot subject', () => {
  test('is asked for by all that come meanwhile in one question, and admitted exactly', async () => {
    const { limiter, asked } = openLimiter({ hot: { above: 10, hold: 0 } });
    const results = await consumeAtOnce(limiter, 300);
    // The first are not hot yet; the rest is refused as a whole, then served as far as there is room.
    expect(results.filter(({ allowed }) => allowed).length).toBeLessThanOrEqual(100 + 20);
    expect(results.filter(({ allowed }) => allowed).length).toBeGreaterThanOrEqual(100);
    // Nobody is kept waiting for a place that comes free meanwhile.
    expect(asked.length - 9).toBeLessThanOrEqual(3);
    const denial = results.find(({ allowed }) => !allowed);
    expect(denial).toMatchObject({ limitedBy: 0, decidedBy: 'cluster', retryAfterMs: 1 });
  });

  test('is served out of a lease, and what is left of it is given back', async () => {
    const { limiter, other, asked } = openLimiter();
    const results = await keepAsking(limiter, 100);
    const byLease = results.filter(({ decidedBy }) => decidedBy === 'lease');
    expect(byLease.length).toBeGreaterThan(50);
    expect(byLease[0]).toMatchObject({ allowed: true, limit: 1000, retryAfterMs: 0, limitedBy: undefined });
    expect(asked.length).toBeLessThan(50);

    await vi.advanceTimersByTimeAsync(30);
    // All are charged, none is lost, and time has freed some.
    expect((await peek(other)).remaining).toBe(100);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('hands out nothing, and gives nothing back, that was charged too long ago', async () => {
    let ahead = 0;
    const { limiter, asked } = openLimiter({ now: () => performance.now() + ahead });
    await askUntilLeased(limiter);
    // The process was held up: no timer had its turn.
    ahead = 50;
    const late = limiter.consume('s');
    await vi.advanceTimersByTimeAsync(3);
    expect((await late).decidedBy).toBe('cluster');

    await askUntilLeased(limiter);
    asked.length = 0;
    ahead = 100;
    await limiter.close();
    expect(asked).toEqual([]);
  });

  test('charges none ahead where places are scarce', async () => {
    const { limiter } = openLimiter({ limits: [{ limit: 100, per: '1s', burst: 10 }] });
    await keepAsking(limiter, 200);
    const results = await keepAsking(limiter, 500);
    expect(results.filter(({ decidedBy, allowed }) => allowed && decidedBy === 'lease')).toEqual([]);
    const admitted = results.filter(({ allowed }) => allowed).length;
    expect(admitted).toBeGreaterThanOrEqual(48);
    expect(admitted).toBeLessThanOrEqual(60);
  });

  test('hands out nothing after this process blocked or reset it', async () => {
    const { limiter } = openLimiter();
    await keepAsking(limiter, 50);
    const blocked = limiter.block('s', '1m');
    const after = limiter.consume('s');
    await vi.advanceTimersByTimeAsync(10);
    await blocked;
    expect(await after).toMatchObject({ allowed: false, limitedBy: 'block' });
  });

  test('has its lease given back when the limiter is closed', async () => {
    const { limiter, asked } = openLimiter();
    await askUntilLeased(limiter);
    asked.length = 0;
    const closed = limiter.close();
    await vi.advanceTimersByTimeAsync(10);
    await closed;
    expect(asked).toEqual(['charge']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('has no lease any more when the limiter is closed while it is asked about', async () => {
    const { limiter, other } = openLimiter();
    await keepAsking(limiter, 100);
    await vi.advanceTimersByTimeAsync(30);
    const asked = limiter.consume('s');
    const closed = limiter.close();
    await vi.advanceTimersByTimeAsync(5);
    await Promise.all([asked, closed]);
    expect(vi.getTimerCount()).toBe(0);
    expect((await peek(other)).remaining).toBeGreaterThanOrEqual(99);
    expect((await keepAsking(limiter, 50)).map(({ decidedBy }) => decidedBy)).not.toContain('lease');
  });

  test('admits a smaller cost where a greater one found no room, and says when each would fit', async () => {
    const { limiter } = openLimiter({ hot: { above: 10, hold: 0 } });
    await keepAsking(limiter, 1);
    const all = Promise.all([90, 50, 5, 50].map((cost) => limiter.consume('s', cost)));
    await vi.advanceTimersByTimeAsync(20);
    const [first, second, third, fourth] = await all;
    expect([first, second, third, fourth].map((each) => each?.allowed)).toEqual([true, false, true, false]);
    // The five that fit in are before it.
    expect(second?.retryAfterMs).toBeGreaterThan(40);
    expect(second?.retryAfterMs).toBeLessThanOrEqual(45);
  });

  test('is decided by the rule, for each, when nobody can be asked', async () => {
    const { limiter, client } = openLimiter({ onUnavailable: 'closed' });
    await keepAsking(limiter, 1);
    vi.spyOn(client, 'run').mockRejectedValue(new ShardUnavailableError('EVALSHA', 'gone'));
    const results = await consumeAtOnce(limiter, 5);
    expect(results.map(({ allowed, decidedBy }) => [allowed, decidedBy])).toEqual(
      Array.from({ length: 5 }, () => [false, 'closed']),
    );
    const { limiter: throwing, client: gone } = openLimiter();
    await keepAsking(throwing, 1);
    vi.spyOn(gone, 'run').mockRejectedValue(new ShardUnavailableError('EVALSHA', 'gone'));
    await expect(throwing.consume('s')).rejects.toThrow(ShardUnavailableError);
  });

  test('is not one that is asked for seldom, or limited by a window', async () => {
    const { limiter: seldom } = openLimiter({ hot: { above: 100_000 } });
    const { limiter: windowed } = openLimiter({
      limits: () => WINDOWED,
    });
    for (const limiter of [seldom, windowed]) {
      const results = await keepAsking(limiter, 50);
      expect(new Set(results.map(({ decidedBy }) => decidedBy))).toEqual(new Set(['cluster']));
    }
  });
});

/** Asks once in a millisecond. */
async function keepAsking(limiter: RateLimiter, times: number): Promise<RateLimitResult[]> {
  const results = [];
  for (let i = 0; i < times; i++) {
    results.push(limiter.consume('s'));
    await vi.advanceTimersByTimeAsync(1);
  }
  await vi.advanceTimersByTimeAsync(10);
  return Promise.all(results);
}

/** Until a place that was charged ahead was handed out, and more are left. */
async function askUntilLeased(limiter: RateLimiter): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const asked = limiter.consume('s');
    await vi.advanceTimersByTimeAsync(3);
    if ((await asked).decidedBy === 'lease') return;
  }
  throw new Error('no place was charged ahead');
}

async function peek(limiter: RateLimiter) {
  const peeked = limiter.peek('s');
  await vi.advanceTimersByTimeAsync(5);
  return peeked;
}
