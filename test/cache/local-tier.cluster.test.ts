import { setTimeout as sleep } from 'node:timers/promises';
import type { Cache } from '@keyslot/cache';
import type { Key } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { describe, expect } from 'vitest';
import { newKey, type OpenOptions, test } from './fixtures.ts';
import { cutSubscribers, LISTENER, letListen } from './listening.ts';
import { problemsDuring, wayOf, waysDuring } from './watching.ts';

/** Long enough that what disappears from memory does not disappear by itself. */
const KEPT = { local: { ttl: '10m' } } as const satisfies OpenOptions;

/** Tells all caches without a namespace what another process would tell them. */
async function announce(cluster: TestCluster, message: object | string | Buffer): Promise<void> {
  const bytes = typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message);
  await cluster.primaryOf(0).admin.publish('keyslot::invalidations', bytes);
}

async function isServedFromMemory(cache: Cache, key: Key<string | null>): Promise<boolean> {
  const way = await wayOf(() => cache.getOrSet(key, () => 'loaded'));
  return way[0] === 'local:hit';
}

/** Has a value in the memory of each cache. */
async function prime(key: Key<string | null>, value: string, caches: readonly Cache[]): Promise<void> {
  for (const cache of caches) {
    expect(await cache.getOrSet(key, () => value)).toBe(value);
    expect(await isServedFromMemory(cache, key)).toBe(true);
  }
}

describe('a copy in memory', () => {
  test("is gone soon after another process's delete", async ({ open }) => {
    const [one, two] = [await open(KEPT), await open(KEPT)];
    for (let round = 0; round < 10; round++) {
      const key = newKey();
      await prime(key, 'old', [one, two]);
      await one.delete(key);
      const deletedAt = performance.now();
      expect(await one.getOrSet(key, () => 'new')).toBe('new');
      await expect
        .poll(() => two.getOrSet(key, () => 'not asked'), { timeout: 1_000, interval: 2 })
        .toBe('new');
      expect(performance.now() - deletedAt).toBeLessThan(1_000);
    }
  });

  test("is gone soon after another process's set", async ({ open }) => {
    const [one, two] = [await open(KEPT), await open(KEPT)];
    const key = newKey();
    await prime(key, 'old', [one, two]);
    await one.set(key, 'new');
    expect(await one.getOrSet(key, () => 'not asked')).toBe('new');
    await expect
      .poll(() => two.getOrSet(key, () => 'not asked'), { timeout: 1_000, interval: 2 })
      .toBe('new');
  });

  test('lives for its own time, and no longer than the value does in the cluster', async ({
    cluster,
    open,
  }) => {
    const cache = await open({ local: { ttl: '150ms' }, jitter: 0 });
    const [brief, briefer] = [newKey(), newKey()];
    await prime(brief, 'old', [cache]);
    await cluster.primaryOf(brief).admin.del(brief.text);
    await sleep(160);
    expect(await isServedFromMemory(cache, brief)).toBe(false);

    await cache.getOrSet(briefer, () => 'old', { ttl: '50ms' });
    await sleep(60);
    expect(await isServedFromMemory(cache, briefer)).toBe(false);
  });

  test('is not made of what was read before a delete that was heard of meanwhile', async ({ open }) => {
    const [one, two] = [await open(KEPT), await open(KEPT)];
    const key = newKey();
    const { promise, resolve } = Promise.withResolvers<string>();
    const read = one.getOrSet(key, () => promise);
    await sleep(20);
    await two.delete(key);
    await sleep(100);
    resolve('old');
    expect(await read).toBe('old');
    expect(await isServedFromMemory(one, key)).toBe(false);
  });

  test.for([
    ['a message about its key arrived', 'message'],
    ['messages may have been missed', 'gap'],
  ] as const)('is not made of what was read before %s', async ([, what], { cluster, open }) => {
    const cache = await open(KEPT);
    const key = newKey();
    const ways = await waysDuring(async () => {
      await cache.getOrSet(key, async () => {
        if (what === 'message')
          await announce(cluster, { v: 1, from: 'x', kind: 'deleted', keys: [key.text] });
        else await cutSubscribers(cluster);
        await sleep(150);
        await cache.ready();
        return 'Wien';
      });
      await cache.getOrSet(key, () => 'not asked');
      await cache.getOrSet(key, () => 'not asked');
    });
    expect(ways).toEqual([
      ['local:miss', 'cluster:miss', 'lease:leader', 'loader:loaded', 'fill:filled'],
      ['local:miss', 'cluster:hit'],
      ['local:hit'],
    ]);
  });

  test('is not there at all when the local tier is switched off', async ({ open }) => {
    const cache = await open({ local: false });
    const key = newKey();
    await cache.getOrSet(key, () => 'Wien');
    expect(await wayOf(() => cache.getOrSet(key, () => 'not asked'))).toEqual(['local:miss', 'cluster:hit']);
  });
});

describe('messages', () => {
  test('until they arrive, nothing is served from memory', async ({ cluster, open }) => {
    await letListen(cluster, false);
    const cache = await open({ ...KEPT, connection: LISTENER, ready: false });
    const key = newKey();
    await expect.poll(() => cache.set(key, 'Wien')).toEqual({ outcome: 'stored' });
    await expect(cache.ready('200ms')).rejects.toMatchObject({ code: 'CLUSTER_NOT_CONNECTED' });
    expect(await isServedFromMemory(cache, key)).toBe(false);
    expect(await isServedFromMemory(cache, key)).toBe(false);

    await letListen(cluster, true);
    await cache.ready();
    await prime(key, 'Wien', [cache]);
  });

  test('when they stop, what is in memory is not served, and not afterwards either', async ({
    cluster,
    open,
  }) => {
    await letListen(cluster, true);
    const listener = await open({ ...KEPT, connection: LISTENER });
    const other = await open(KEPT);
    const key = newKey();
    await prime(key, 'old', [listener]);

    await letListen(cluster, false);
    await cutSubscribers(cluster);
    await expect.poll(() => isServedFromMemory(listener, key), { timeout: 2_000, interval: 2 }).toBe(false);
    await other.delete(key);
    expect(await listener.getOrSet(key, () => 'new')).toBe('new');

    await letListen(cluster, true);
    await listener.ready();
    expect(await listener.getOrSet(key, () => 'not asked')).toBe('new');
    expect(await isServedFromMemory(listener, key)).toBe(true);
  });

  test('lost by a cut are made up for: what was deleted meanwhile is not served again', async ({
    cluster,
    open,
  }) => {
    const [one, two] = [await open(KEPT), await open(KEPT)];
    for (let round = 0; round < 5; round++) {
      const key = newKey();
      await prime(key, 'old', [one, two]);
      const cut = cutSubscribers(cluster);
      await two.delete(key);
      await cut;
      await two.getOrSet(key, () => 'new');
      await expect
        .poll(() => one.getOrSet(key, () => 'not asked'), { timeout: 2_000, interval: 2 })
        .toBe('new');
      await Promise.all([one.ready(), two.ready()]);
      expect(await one.getOrSet(key, () => 'not asked')).toBe('new');
    }
  });

  test('that make no sense are reported and do no harm', async ({ cluster, open }) => {
    const cache = await open(KEPT);
    const key = newKey();
    await prime(key, 'Wien', [cache]);
    const garbage = [
      '',
      'null',
      '{"v":1,"from":"x","kind":"deleted"}',
      { v: 2, from: 'x', kind: 'deleted', keys: [key.text] },
      Buffer.alloc(2_000_000, 'x'),
      Buffer.from([0xff, 0xfe, 0x00]),
    ];
    const problems = await problemsDuring(async () => {
      for (const message of garbage) await announce(cluster, message);
      await sleep(200);
    });
    expect(problems.map(({ what }) => what)).toEqual(garbage.map(() => 'malformed-message'));
    expect(await isServedFromMemory(cache, key)).toBe(true);

    // One that does make sense, from whoever sent it, still arrives.
    await announce(cluster, { v: 1, from: 'x', kind: 'deleted', keys: [key.text] });
    await expect.poll(() => isServedFromMemory(cache, key), { timeout: 1_000, interval: 2 }).toBe(false);
  });
});

describe('caches of different namespaces', () => {
  test('share nothing: no values, no leases, no messages', async ({ open }) => {
    const caches = [
      await open(KEPT),
      await open({ ...KEPT, namespace: 'shop' }),
      await open({ ...KEPT, namespace: 'bank' }),
    ];
    const key = newKey();
    await Promise.all(caches.map((cache, i) => cache.getOrSet(key, () => sleep(50, `value ${i}`))));
    for (const [i, cache] of caches.entries()) await prime(key, `value ${i}`, [cache]);

    await caches[1]?.delete(key);
    await sleep(200);
    expect(await Promise.all(caches.map((cache) => cache.get(key)))).toEqual([
      'value 0',
      undefined,
      'value 2',
    ]);
    for (const i of [0, 2]) expect(await isServedFromMemory(caches[i] as Cache, key)).toBe(true);
  });

  test('those of one namespace share all of it', async ({ open }) => {
    const [one, two] = [
      await open({ ...KEPT, namespace: 'shop' }),
      await open({ ...KEPT, namespace: 'shop' }),
    ];
    const key = newKey();
    await prime(key, 'old', [one, two]);
    await one.delete(key);
    await expect.poll(() => isServedFromMemory(two, key), { timeout: 1_000, interval: 2 }).toBe(false);
  });
});
