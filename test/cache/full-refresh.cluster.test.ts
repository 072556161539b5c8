import { setTimeout as sleep } from 'node:timers/promises';
import type { Key } from '@keyslot/keys';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { describe, expect } from 'vitest';
import { farAway } from '../cluster/far-away.ts';
import { newKeyOn, type OpenOptions, test } from './fixtures.ts';
import { fillTo, refusals } from './full-shard.ts';

const GRACE = { local: false, jitter: 0, earlyRefresh: 0, ttl: '100ms', grace: '1m' } as const;
const MEMORY = { ...GRACE, ttl: '1m', local: { ttl: '10m' } } as const;
const untilStale = () => sleep(110);

/** By then every client has asked the node how full it is. */
const untilKnown = () => sleep(2_000);

function pick(cluster: TestCluster): [TestNode, Key<string | null>] {
  const [node] = cluster.primaries.filter(({ slotCount }) => slotCount > 0);
  if (node === undefined) throw new Error('there is no primary');
  return [node, newKeyOn(cluster, node)];
}

const GUARDS = { 'with a guard': {}, 'without a guard': { guard: false } } as const satisfies Record<
  string,
  Pick<OpenOptions, 'guard'>
>;

describe.each(Object.entries(GUARDS))('a refresh that its shard refuses, %s', (_, guard) => {
  test('leaves no older value behind for anybody', async ({ cluster, open }) => {
    // So far away that what is done behind the caller's back is seen to be missing.
    await using away = await farAway(cluster, 60);
    const cache = await open({ ...GRACE, ...guard, connection: { natMap: away.natMap } });
    const other = await open({ ...GRACE, ...guard });
    const [full, key] = pick(cluster);
    await cache.getOrSet(key, () => 'old');
    await untilStale();
    const before = await refusals(full);
    const loaded = await cache.lookup(
      key,
      async () => {
        await cluster.setMaxMemory(full, '1mb', 'noeviction');
        return 'new';
      },
      { refresh: 'blocking' },
    );
    expect(loaded).toMatchObject({ value: 'new', source: 'loader', kept: 'unknown' });
    expect(await refusals(full)).toBeGreaterThan(before);
    expect(await full.admin.exists(key.text)).toBe(0);
    expect(await other.get(key)).toBeUndefined();
    expect(await other.getOrSet(key, () => 'new')).toBe('new');
  });

  test('takes the older value out of every memory, too', async ({ cluster, open }) => {
    const [cache, other] = [await open({ ...MEMORY, ...guard }), await open({ ...MEMORY, ...guard })];
    const [full, key] = pick(cluster);
    await cache.getOrSet(key, () => 'old');
    expect(await other.getOrSet(key, () => 'not asked')).toBe('old');
    expect(other.peek(key)).toBe('old');
    const load = async () => {
      await cluster.setMaxMemory(full, '1mb', 'noeviction');
      return 'new';
    };
    expect(await cache.getOrSet(key, load, { forceRefresh: true })).toBe('new');
    expect(cache.peek(key)).toBeUndefined();
    await expect.poll(() => other.peek(key)).toBeUndefined();
    expect(await other.getOrSet(key, () => 'new')).toBe('new');
  });
});

describe('while a shard is known to be full', () => {
  test('a refresh that is asked for removes the older value, and sends no write that stores', async ({
    cluster,
    open,
  }) => {
    const [cache, other] = [await open(MEMORY), await open(MEMORY)];
    const [full, key] = pick(cluster);
    await cache.getOrSet(key, () => 'old');
    expect(await other.getOrSet(key, () => 'not asked')).toBe('old');
    await using _ = await fillTo(cluster, full, 1.02, 'noeviction');
    await untilKnown();
    const before = await refusals(full);
    expect(await cache.lookup(key, () => 'new', { forceRefresh: true })).toMatchObject({
      value: 'new',
      kept: expect.stringMatching(/^(skipped|not-led)$/),
    });
    expect(await full.admin.exists(key.text)).toBe(0);
    await expect.poll(() => other.peek(key)).toBeUndefined();
    expect(await refusals(full)).toBe(before);
  });

  test('a stale value is answered to all, at once, and they all have the new one in the end', async ({
    cluster,
    open,
  }) => {
    const caches = [await open(GRACE), await open(GRACE)] as const;
    const [full, key] = pick(cluster);
    await caches[0].getOrSet(key, () => 'old');
    {
      await using _ = await fillTo(cluster, full, 1.02, 'noeviction');
      await untilKnown();
      const start = performance.now();
      for (const cache of caches) expect(await cache.getOrSet(key, () => 'new')).toBeOneOf(['old', 'new']);
      expect(performance.now() - start).toBeLessThan(2_000);
      await cluster.heal();
    }
    for (const cache of caches)
      await expect.poll(() => cache.getOrSet(key, () => 'new'), { timeout: 10_000 }).toBe('new');
  });

  test('whoever waits for a refresh has the new value, or the stale one, without a wait', async ({
    cluster,
    open,
  }) => {
    const cache = await open({ ...GRACE, refresh: 'blocking' });
    const [full, key] = pick(cluster);
    await cache.getOrSet(key, () => 'old');
    await using _ = await fillTo(cluster, full, 1.02, 'noeviction');
    await untilKnown();
    const start = performance.now();
    const { value } = await cache.lookup(key, () => 'new');
    const ms = performance.now() - start;
    console.info(`A blocking refresh on a full shard: '${value}' after ${ms.toFixed(0)} ms`);
    expect(ms).toBeLessThan(2_000);
    expect(value).toBeOneOf(['old', 'new']);
  });
});
