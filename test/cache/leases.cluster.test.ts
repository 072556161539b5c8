import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, vi } from 'vitest';
import { newKey, test } from './fixtures.ts';
import { wayOf, waysDuring } from './watching.ts';

/** A load that ends when it is told to. */
function openLoad() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  const load = vi.fn<() => Promise<string>>(() => {
    begin();
    return promise;
  });
  return { load, began, finish: resolve };
}

describe('a lease', () => {
  test('is renewed for as long as its loader runs, so that nobody else loads', async ({ cluster, open }) => {
    const options = { lease: '300ms', local: false } as const;
    const [first, second] = [await open(options), await open(options)];
    const key = newKey();
    const load = vi.fn<() => Promise<string>>(() => sleep(1_000, 'Wien'));

    const answers = [first.getOrSet(key, load), sleep(50).then(() => second.getOrSet(key, load))];
    await sleep(700);
    const left = await cluster.primaryOf(key).admin.pttl(key.text);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(300);
    expect(await Promise.all(answers)).toEqual(['Wien', 'Wien']);
    expect(load).toHaveBeenCalledTimes(1);
  });

  test('gives way to its value, which waiters have soon after', async ({ open }) => {
    const caches = [await open(), await open(), await open()] as const;
    const key = newKey();
    const { load, began, finish } = openLoad();
    const leader = caches[0].getOrSet(key, load);
    await began;
    const waiters = caches.slice(1).map((cache) => cache.getOrSet(key, load));
    await sleep(400);
    finish('Wien');
    await leader;
    const filledAt = performance.now();
    expect(await Promise.all(waiters)).toEqual(['Wien', 'Wien']);
    expect(performance.now() - filledAt).toBeLessThan(2_000);
    expect(load).toHaveBeenCalledTimes(1);
  });

  test('whose holder died gives way to one of those who wait', async ({ cluster, open }) => {
    const caches = [await open({ lease: '400ms' }), await open({ lease: '400ms' })];
    const key = newKey();
    // As a process leaves it that was killed: nobody renews it.
    const dead = Buffer.concat([Buffer.from('L'), Buffer.alloc(16, 7)]);
    await cluster.primaryOf(key).admin.set(key.text, dead, 'PX', 400);
    const load = vi.fn<() => Promise<string>>(() => sleep(100, 'Wien'));
    const began = performance.now();
    const answers = await Promise.all(caches.map((cache) => cache.getOrSet(key, load)));
    expect(answers).toEqual(['Wien', 'Wien']);
    expect(load).toHaveBeenCalledTimes(1);
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  test('is not waited for longer than was asked for: who gives up loads, and stores nothing', async ({
    cluster,
    open,
  }) => {
    const [first, second] = [await open(), await open({ wait: '150ms' })];
    const key = newKey();
    const { load, began, finish } = openLoad();
    const leader = first.getOrSet(key, load);
    await began;

    const began2 = performance.now();
    const way = await wayOf(async () => {
      expect(await second.getOrSet(key, () => 'for itself')).toBe('for itself');
    });
    expect(performance.now() - began2).toBeGreaterThanOrEqual(140);
    expect(way).toEqual(['local:miss', 'cluster:leased', 'lease:gave-up', 'loader:loaded']);
    expect((await cluster.primaryOf(key).admin.getBuffer(key.text))?.[0]).toBe('L'.charCodeAt(0));

    finish('Wien');
    expect(await leader).toBe('Wien');
    expect(await second.getOrSet(key, () => 'not asked')).toBe('Wien');
  });

  test.for([
    ['expired', 'nothing'],
    ['passed on', 'the other one’s value'],
  ] as const)('that %s during the load leaves %s', async ([how], { cluster, open }) => {
    const [cache, other] = [await open({ lease: '20s' }), await open({ lease: '20s' })];
    const key = newKey();
    const ways = await waysDuring(async () => {
      const value = await cache.getOrSet(key, async () => {
        await cluster.primaryOf(key).admin.pexpire(key.text, 1);
        await sleep(20);
        if (how === 'passed on') await other.getOrSet(key, () => 'newer');
        return 'older';
      });
      expect(value).toBe('older');
    });
    expect(ways.at(-1)?.at(-1)).toBe('fill:superseded');
    expect(await cache.get(key)).toBe(how === 'passed on' ? 'newer' : undefined);
  });

  test('that was lost is not renewed any more, whatever took its place', async ({ cluster, open }) => {
    const cache = await open({ lease: '90ms' });
    const other = await open({ ttl: '10m', jitter: 0 });
    const key = newKey();
    await cache.getOrSet(key, async () => {
      await other.set(key, 'newer');
      await sleep(200);
      return 'older';
    });
    expect(await cluster.primaryOf(key).admin.pttl(key.text)).toBeGreaterThan(500_000);
    expect(await cache.get(key)).toBe('newer');
  });
});
