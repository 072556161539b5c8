import { setTimeout as sleep } from 'node:timers/promises';
import type { Cache } from '@keyslot/cache';
import type { Key } from '@keyslot/keys';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { describe, expect } from 'vitest';
import { newKey, newKeyOn, type OpenOptions, test } from './fixtures.ts';
import { cutSubscribers, LISTENER, letListen, primaryWithoutListeners } from './listening.ts';
import { invalidationsDuring, wayOf } from './watching.ts';

const PLAIN = { deadline: 250, local: { ttl: '1s' }, deleteWithin: '300ms' } as const satisfies OpenOptions;

/** What readers get by way of each cache while `work` runs, asking again and again. */
async function seenDuring(key: Key<string | null>, caches: readonly Cache[], work: () => Promise<unknown>) {
  const seen = new Set<unknown>();
  let reads = 0;
  const stop = new AbortController();
  const readers = caches.map(async (cache) => {
    for (; !stop.signal.aborted; await sleep(5)) {
      seen.add(await cache.getOrSet(key, () => 'new'));
      seen.add((await cache.get(key)) ?? 'new');
      reads += 2;
    }
  });
  try {
    await work();
  } finally {
    stop.abort();
    await Promise.all(readers);
  }
  return { seen: [...seen], reads };
}

/** Has the value in the primary and its replica. By a load, which is not told to anybody. */
async function store(
  cluster: TestCluster,
  cache: Cache,
  key: Key<string | null>,
  value: string,
): Promise<TestNode> {
  const primary = cluster.primaryOf(key);
  const [replica] = cluster.replicasOf(primary) as [TestNode];
  expect(await cache.getOrSet(key, () => value)).toBe(value);
  await expect.poll(() => inReplica(replica, key), { interval: 5 }).toContain(value);
  return primary;
}

/** What the owner of the key has of it now, as text. */
async function inCluster(cluster: TestCluster, key: Key<string | null>): Promise<string | undefined> {
  return (await cluster.primaryOf(key).admin.get(key.text)) ?? undefined;
}

async function inReplica(replica: TestNode, key: Key<string | null>): Promise<string | null> {
  await replica.admin.readonly();
  const text = await replica.admin.get(key.text);
  await replica.admin.readwrite();
  return text;
}

/** The replica is frozen before its link is cut: what is in its socket when it is thawed, it would still hear. */
async function cutOff(cluster: TestCluster, primary: TestNode, replica: TestNode): Promise<void> {
  await cluster.freeze(replica);
  await primary.admin.call('CLIENT', 'KILL', 'TYPE', 'replica');
}

/** Once the cluster has the new value, reads are answered by it as ever. Some more of them follow. */
async function untilStored(cache: Cache, key: Key<string | null>): Promise<void> {
  await expect.poll(() => cache.get(key), { timeout: 5_000, interval: 5 }).toBe('new');
  await sleep(300);
}

describe('a delete while its shard is away', () => {
  test('is pending, the old value is read nowhere, and the delete is made up for when the shard is back', async ({
    cluster,
    open,
  }) => {
    const [one, two] = [await open(PLAIN), await open(PLAIN)];
    const key = newKey();
    const primary = await store(cluster, one, key, 'old');
    await cluster.kill(primary);

    const told = await invalidationsDuring(async () => {
      const began = performance.now();
      expect(await one.delete(key)).toEqual({ outcome: 'pending' });
      expect(performance.now() - began).toBeLessThan(3_000);
      expect(await wayOf(() => one.getOrSet(key, () => 'new'))).toEqual([
        'local:miss',
        'cluster:doubtful',
        'loader:loaded',
      ]);
      // The replica still has it, and the other process was told.
      await expect.poll(() => wayOf(() => two.getOrSet(key, () => 'new'))).toContain('cluster:doubtful');

      const { seen, reads } = await seenDuring(key, [one, two], async () => {
        await cluster.untilFailedOver(primary);
        await untilStored(one, key);
      });
      expect(seen).toEqual(['new']);
      expect(reads).toBeGreaterThan(100);
    });
    expect(told).toContain('confirmed');
    expect((await inCluster(cluster, key)) ?? 'deleted').not.toContain('old');
  });

  test('that comes back in time is deleted as if nothing had been', async ({ cluster, open }) => {
    const cache = await open({ ...PLAIN, deleteWithin: '20s' });
    const key = newKey();
    const primary = await store(cluster, cache, key, 'old');
    await cluster.freeze(primary);
    const deleted = cache.delete(key);
    await sleep(500);
    await cluster.thaw(primary);
    expect(await deleted).toMatchObject({ outcome: 'deleted' });
    expect(await inCluster(cluster, key)).toBeUndefined();
    expect(await cache.get(key)).toBeUndefined();
  });

  test('stays doubtful elsewhere, though somebody sets the key', async ({ cluster, open }) => {
    const [one, two] = [await open(PLAIN), await open(PLAIN)];
    const key = newKey();
    const primary = await store(cluster, one, key, 'old');
    await cluster.kill(primary);
    await one.delete(key);
    await expect.poll(() => wayOf(() => two.getOrSet(key, () => 'new'))).toContain('cluster:doubtful');

    expect(await one.set(key, 'newer')).toMatchObject({ outcome: 'failed' });
    for (let round = 0; round < 20; round++, await sleep(5)) {
      const way = await wayOf(async () => expect(await two.getOrSet(key, () => 'new')).toBe('new'));
      expect(way).toContain('cluster:doubtful');
    }
  });
});

describe('a delete that was confirmed by a primary that then died', () => {
  test('is not undone by a replica that never heard of it', async ({ cluster, open }) => {
    const [one, two] = [await open(PLAIN), await open(PLAIN)];
    const key = newKeyOn(cluster, await primaryWithoutListeners(cluster));
    const primary = await store(cluster, one, key, 'old');
    const [replica] = cluster.replicasOf(primary) as [TestNode];

    await cutOff(cluster, primary, replica);
    const told = await invalidationsDuring(async () => {
      expect(await one.delete(key)).toMatchObject({ outcome: 'deleted' });
      await cluster.kill(primary);
      const { seen, reads } = await seenDuring(key, [one, two], async () => {
        await cluster.thaw(replica);
        expect(await inReplica(replica, key)).toContain('old');
        await cluster.untilFailedOver(primary);
        await untilStored(one, key);
      });
      expect(seen).toEqual(['new']);
      expect(reads).toBeGreaterThan(100);
    });
    expect(told).toEqual(['deleted', 'repeated', 'confirmed']);
    expect((await inCluster(cluster, key)) ?? 'deleted').not.toContain('old');
    expect(await two.getOrSet(key, () => 'new')).toBe('new');
  });

  test('nor by one that takes over from a primary that was only frozen, and comes back', async ({
    cluster,
    open,
  }) => {
    const [one, two] = [await open(PLAIN), await open(PLAIN)];
    const key = newKeyOn(cluster, await primaryWithoutListeners(cluster));
    const primary = await store(cluster, one, key, 'old');
    const [replica] = cluster.replicasOf(primary) as [TestNode];
    await cutOff(cluster, primary, replica);
    expect(await one.delete(key)).toMatchObject({ outcome: 'deleted' });
    await cluster.freeze(primary);
    const { seen } = await seenDuring(key, [one, two], async () => {
      await cluster.thaw(replica);
      await cluster.untilFailedOver(primary);
      await cluster.thaw(primary);
      await untilStored(one, key);
    });
    expect(seen).toEqual(['new']);
    expect(await two.getOrSet(key, () => 'new')).toBe('new');
    expect((await inCluster(cluster, key)) ?? 'deleted').not.toContain('old');
  });

  test('nor is a value that was replaced', async ({ cluster, open }) => {
    const [one, two] = [await open(PLAIN), await open(PLAIN)];
    const key = newKeyOn(cluster, await primaryWithoutListeners(cluster));
    const primary = await store(cluster, one, key, 'old');
    const [replica] = cluster.replicasOf(primary) as [TestNode];
    await cutOff(cluster, primary, replica);
    expect(await one.set(key, 'new')).toEqual({ outcome: 'stored' });
    await cluster.freeze(primary);
    const { seen } = await seenDuring(key, [one, two], async () => {
      await cluster.thaw(replica);
      await cluster.untilFailedOver(primary);
      await cluster.thaw(primary);
      await untilStored(one, key);
    });
    expect(seen).toEqual(['new']);
  });

  test('nor when the first that a process hears of the new owner is a redirect', async ({
    cluster,
    open,
  }) => {
    const cache = await open(PLAIN);
    const key = newKey();
    const primary = await store(cluster, cache, key, 'old');
    const [replica] = cluster.replicasOf(primary) as [TestNode];
    await cutOff(cluster, primary, replica);
    expect(await cache.delete(key)).toMatchObject({ outcome: 'deleted' });
    await cluster.freeze(primary);
    await cluster.thaw(replica);
    await cluster.untilFailedOver(primary);
    await cluster.thaw(primary);
    const { seen } = await seenDuring(key, [cache], () => untilStored(cache, key));
    expect(seen).toEqual(['new']);
  });

  test('nor by one that is asked while the primary is frozen, also by who could not be told', async ({
    cluster,
    open,
  }) => {
    await letListen(cluster, true);
    const caches = [
      await open(PLAIN),
      await open(PLAIN),
      await open({ ...PLAIN, connection: LISTENER }),
    ] as const;
    await letListen(cluster, false);
    await cutSubscribers(cluster);
    // Until those who listen again trust replicas.
    await Promise.all([caches[0].ready(), caches[1].ready()]);
    await sleep(800);
    const key = newKeyOn(cluster, await primaryWithoutListeners(cluster));
    const primary = await store(cluster, caches[0], key, 'old');
    const [replica] = cluster.replicasOf(primary) as [TestNode];
    await cutOff(cluster, primary, replica);
    expect(await caches[0].delete(key)).toMatchObject({ outcome: 'deleted' });
    await cluster.freeze(primary);
    await cluster.thaw(replica);
    expect(await inReplica(replica, key)).toContain('old');
    for (const cache of caches) {
      const way = await wayOf(async () => expect(await cache.getOrSet(key, () => 'new')).toBe('new'));
      expect(way).toEqual(['local:miss', 'cluster:away', 'replica:miss', 'loader:loaded']);
    }
    await cluster.thaw(primary);
  });
});
