import { setTimeout as sleep } from 'node:timers/promises';
import type { Algorithm } from '@keyslot/rate-limit';
import { describe, expect } from 'vitest';
import { test } from './fixtures.ts';

const ALGORITHMS: Algorithm[] = ['gcra', 'token-bucket', 'fixed-window', 'sliding-window', 'sliding-log'];

describe.each(ALGORITHMS)('%s', (algorithm) => {
  test('admits exactly five of fifty at once', async ({ open }) => {
    const limits = [{ limit: 5, per: '1h', algorithm }] as const;
    const name = `five-${algorithm}`;
    const limiters = await Promise.all(Array.from({ length: 5 }, () => open({ name, limits })));
    const rounds = Array.from({ length: 10 }, () => limiters).flat();
    const results = await Promise.all(rounds.map((limiter) => limiter.consume('{a}:b')));
    expect(results.filter(({ allowed }) => allowed)).toHaveLength(5);
    expect(
      results
        .map(({ remaining }) => remaining)
        .toSorted((a, b) => a - b)
        .slice(-5),
    ).toEqual([0, 1, 2, 3, 4]);
    expect(new Set(results.map(({ limitedBy }) => limitedBy))).toEqual(new Set([undefined, 0]));
  });

  test('counts costs, looks without charging, punishes, gives back, blocks and forgets', async ({ open }) => {
    const limiter = await open({ limits: [{ limit: 10, per: '1h', algorithm }], rememberDenials: 0 });
    const remaining = async () => (await limiter.peek('s')).remaining;
    expect(await limiter.peek('s', 10)).toMatchObject({
      allowed: true,
      remaining: 10,
      resetMs: 0,
      limit: 10,
    });
    expect(await limiter.consume('s', 7)).toMatchObject({
      allowed: true,
      remaining: 3,
      decidedBy: 'cluster',
    });
    expect(await limiter.consume('s', 4)).toMatchObject({ allowed: false, remaining: 3, limitedBy: 0 });
    expect(await remaining()).toBe(3);
    expect(await limiter.reward('s', 2)).toMatchObject({ remaining: 5, limit: 10 });
    expect(await limiter.consume('s', 5)).toMatchObject({ allowed: true, remaining: 0 });
    expect(await limiter.penalty('s', 3)).toMatchObject({ remaining: 0 });
    expect(await limiter.reward('s', 4)).toMatchObject({ remaining: 1 });
    expect(await limiter.reward('s', 1_000)).toMatchObject({ remaining: 10, resetMs: 0 });

    await limiter.consume('s', 2);
    await limiter.block('s', '1m');
    const blocked = await limiter.consume('s');
    expect(blocked).toMatchObject({ allowed: false, limitedBy: 'block', remaining: 0 });
    expect(blocked.retryAfterMs).toBeGreaterThan(50_000);
    expect(await limiter.penalty('s', 1)).toMatchObject({ remaining: 7 });
    expect(await limiter.consume('s')).toMatchObject({ allowed: false, limitedBy: 'block' });
    await limiter.block('s', 0);
    expect(await limiter.consume('s')).toMatchObject({ allowed: true, remaining: 6 });
    await limiter.block('t', 60);
    expect(await limiter.consume('t')).toMatchObject({ allowed: false, limitedBy: 'block' });
    await sleep(70);
    expect(await limiter.consume('t')).toMatchObject({ allowed: true, remaining: 9 });
    await limiter.reset('s');
    expect(await limiter.peek('s')).toMatchObject({ remaining: 10, resetMs: 0 });
  });

  test('writes nothing with a denial', async ({ open, cluster }) => {
    const limiter = await open({
      limits: [{ limit: 10, per: '1h', algorithm }],
      name: `no-${algorithm}`,
      rememberDenials: 0,
    });
    const { admin } = cluster.primaryOf('s');
    const [key = ''] = await consumed();
    const seen = () => Promise.all([admin.dumpBuffer(key), admin.call('PEXPIRETIME', key)]);
    const before = await seen();
    for (let i = 0; i < 5; i++) expect(await limiter.consume('s', 5)).toMatchObject({ allowed: false });
    expect(await limiter.peek('s')).toMatchObject({ allowed: true, remaining: 3 });
    expect(await seen()).toEqual(before);

    async function consumed(): Promise<string[]> {
      await limiter.consume('s', 7);
      return admin.keys(`limits:no-${algorithm}:*`);
    }
  });

  test('is not kept for longer than a shorter block, or what was used, needs', async ({ open, cluster }) => {
    const name = `kept-${algorithm}`;
    const limiter = await open({ limits: [{ limit: 10, per: '1m', algorithm }], name });
    const { admin } = cluster.primaryOf('s');
    await limiter.consume('s', 5);
    const [key = ''] = await admin.keys(`limits:${name}:*`);
    const used = await admin.pttl(key);

    await limiter.block('s', '365d');
    expect(await admin.pttl(key)).toBeGreaterThan(364 * 86_400_000);
    await limiter.block('s', 1);
    expect(await admin.pttl(key)).toBeLessThanOrEqual(used + 2);
    await limiter.block('s', '365d');
    // Charged beside the block: twice as much, which the sliding window is over with in two windows.
    await limiter.penalty('s', 5);
    await limiter.block('s', 0);
    expect(await admin.pttl(key)).toBeLessThanOrEqual(120_000 + 3);
    expect(await limiter.consume('s', 1)).toMatchObject({
      allowed: false,
      limitedBy: 0,
      decidedBy: 'cluster',
    });
    expect(await limiter.peek('s')).toMatchObject({ remaining: 0 });

    await limiter.block('never used', '365d');
    await limiter.block('never used', 0);
    const keys = await Promise.all(cluster.primaries.map((each) => each.admin.keys(`limits:${name}:*`)));
    expect(keys.flat()).toEqual([key]);
  });

  test('is as new after half a second, and says exactly when', async ({ open, cluster }) => {
    const limiter = await open({ limits: [{ limit: 2, per: 500, algorithm }], name: `half-${algorithm}` });
    await limiter.consume('s', 2);
    const denied = await limiter.consume('s', 2);
    expect(denied.allowed).toBe(false);
    expect(denied.retryAfterMs).toBeLessThanOrEqual(algorithm === 'sliding-window' ? 1000 : 500);
    // A timer may be early by less than a millisecond.
    await sleep(denied.retryAfterMs + 2);
    expect({ denied, ...(await limiter.consume('s', 2)) }).toMatchObject({ allowed: true });
    await sleep(1200);
    const keys = await Promise.all(
      cluster.primaries.map(({ admin }) => admin.keys(`limits:half-${algorithm}:*`)),
    );
    expect(keys.flat()).toEqual([]);
  });
});
