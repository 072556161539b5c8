import { setTimeout as sleep } from 'node:timers/promises';
import { UnencodableValueError } from '@keyslot/cache';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { describe, expect, vi } from 'vitest';
import { newKey, newKeyOn, type OpenOptions, test } from './fixtures.ts';
import { problemsDuring, wayOf, waysDuring } from './watching.ts';

/** As an application has it, so that what an outage costs is what it costs there. */
const PLAIN = { deadline: 250, local: false } as const satisfies OpenOptions;

/** What two deadlines may take on a busy machine, in milliseconds. */
const TWO_DEADLINES = 1_000;

/** A primary on which nobody listens: its outage costs nobody a message, so replicas are trusted. */
async function quietPrimary(cluster: TestCluster): Promise<TestNode> {
  for (const node of cluster.primaries) {
    const reply = await node.admin.call('PUBSUB', 'NUMSUB', 'keyslot::invalidations');
    if ((reply as [string, number])[1] === 0) return node;
  }
  throw new Error('Somebody listens on each primary');
}

/** Until a cache that listens would have been told of every delete that is not confirmed. */
const untilTold = () => sleep(800);

async function timed<T>(work: () => Promise<T>): Promise<[T, ms: number]> {
  const began = performance.now();
  return [await work(), performance.now() - began];
}

describe('while a primary is gone', () => {
  test('reads are answered by its replica or the loader, quickly and without an error, until all is well again', async ({
    cluster,
    open,
  }) => {
    const cache = await open(PLAIN);
    const victim = await quietPrimary(cluster);
    const kept = Array.from({ length: 5 }, () => newKeyOn(cluster, victim));
    const cold = Array.from({ length: 1_000 }, () => newKeyOn(cluster, victim));
    const later = newKeyOn(cluster, victim);
    for (const key of kept) await cache.getOrSet(key, () => 'kept');
    await untilTold();
    await cluster.kill(victim);

    const failedOver = cluster.untilFailedOver(victim).then(() => 'failed over' as const);
    const answers = new Set<string | null>();
    let slowest = 0;
    let reads = 0;
    while ((await Promise.race([failedOver, sleep(20)])) !== 'failed over') {
      for (const key of [...kept, cold[reads % cold.length] ?? later]) {
        const [answer, ms] = await timed(() => cache.getOrSet(key, () => 'loaded'));
        answers.add(answer);
        slowest = Math.max(slowest, ms);
        reads++;
      }
    }
    expect(reads).toBeGreaterThan(50);
    expect(answers).toEqual(new Set(['kept', 'loaded']));
    expect(slowest).toBeLessThan(TWO_DEADLINES);
    // And values are stored again.
    const key = newKeyOn(cluster, cluster.primaryOf(kept[0] as (typeof kept)[number]));
    await expect
      .poll(() => wayOf(() => cache.getOrSet(key, () => 'loaded')))
      .toEqual(['local:miss', 'cluster:hit']);
  });

  test('a replica answers a read of what it has, for this one caller, unless it may be behind', async ({
    cluster,
    open,
  }) => {
    const [cache, other] = [await open({ ...PLAIN, local: { ttl: '10m' } }), await open(PLAIN)];
    const victim = await quietPrimary(cluster);
    const [replica] = cluster.replicasOf(victim) as [TestNode];
    const [kept, changed] = [newKeyOn(cluster, victim), newKeyOn(cluster, victim)];
    for (const key of [kept, changed]) await other.getOrSet(key, () => 'kept');
    await other.set(changed, 'changed');
    await untilTold();
    // The outage lasts for as long as the test does.
    await replica.admin.config('SET', 'cluster-replica-no-failover', 'yes');
    try {
      await cluster.kill(victim);
      for (let round = 0; round < 3; round++) {
        const way = await wayOf(async () => expect(await cache.getOrSet(kept, () => 'loaded')).toBe('kept'));
        expect(way).toEqual(['local:miss', 'cluster:away', 'replica:hit']);
      }
      // Who heard that it was replaced does not ask a replica, which may become the primary without having heard.
      expect(await wayOf(() => cache.getOrSet(changed, () => 'loaded'))).toEqual([
        'local:miss',
        'cluster:doubtful',
        'loader:loaded',
      ]);
    } finally {
      await replica.admin.config('SET', 'cluster-replica-no-failover', 'no');
    }
  });

  test('what is wrong is refused as ever, get has no value, and set says that it failed', async ({
    cluster,
    open,
  }) => {
    const cache = await open(PLAIN);
    const key = newKey();
    await cluster.kill(cluster.primaryOf(key));
    const nothing = () => undefined as unknown as string;
    await expect(cache.getOrSet(key, nothing)).rejects.toBeInstanceOf(UnencodableValueError);
    const load = vi.fn<() => string>(() => 'loaded');
    await expect(cache.getOrSet(key, load, { ttl: -1 })).rejects.toMatchObject({ option: 'ttl' });
    expect(load).not.toHaveBeenCalled();
    expect(await cache.getOrSet(key, load)).toBe('loaded');

    expect(await cache.get(key)).toBeUndefined();
    expect(await cache.set(key, 'new')).toMatchObject({
      outcome: 'failed',
      error: { code: expect.stringMatching(/^CLUSTER_/) },
    });
  });
});

describe('while a primary is frozen', () => {
  test('a read takes about two deadlines at most, whether a replica has the value or not', async ({
    cluster,
    open,
  }) => {
    const cache = await open(PLAIN);
    const victim = await quietPrimary(cluster);
    const [kept, cold] = [newKeyOn(cluster, victim), newKeyOn(cluster, victim)];
    await cache.getOrSet(kept, () => 'kept');
    await untilTold();
    await cluster.freeze(victim);
    const [[first, firstMs], [second, secondMs]] = await Promise.all([
      timed(() => cache.getOrSet(kept, () => 'loaded')),
      timed(() => cache.getOrSet(cold, () => 'loaded')),
    ]);
    expect([first, second]).toEqual(['kept', 'loaded']);
    expect(Math.max(firstMs, secondMs)).toBeLessThan(TWO_DEADLINES);
  });

  test('a fill that it swallows is not kept in memory, and leaves nobody waiting', async ({
    cluster,
    open,
  }) => {
    const cache = await open({ ...PLAIN, local: { ttl: '10m' }, lease: '20s' });
    const victim = await quietPrimary(cluster);
    const key = newKeyOn(cluster, victim);
    let ways: string[][] = [];
    let ms = 0;
    const problems = await problemsDuring(async () => {
      ways = await waysDuring(async () => {
        await cache.getOrSet(key, async () => {
          await cluster.freeze(victim);
          return 'loaded';
        });
        await cluster.thaw(victim);
        [, ms] = await timed(() => cache.getOrSet(key, () => 'again'));
      });
    });
    expect(ways[0]).toEqual(['local:miss', 'cluster:miss', 'lease:leader', 'loader:loaded', 'fill:unknown']);
    // The primary stored it, or the lease was given back before, or is about to be: whichever came first when it went on.
    expect(ways[1]?.[0]).toBe('local:miss');
    expect(ways[1]?.[1]).toMatch(/^cluster:(hit|miss|leased)$/);
    expect(ms).toBeLessThan(TWO_DEADLINES);
    expect(problems).toContainEqual({
      what: 'not-filled',
      template: key.template,
      why: 'DeadlineExceededError',
    });
  });
});

describe('while the whole cluster is gone', () => {
  test('the loader answers, and once it is back values are stored and served from memory', async ({
    cluster,
    open,
  }) => {
    for (const node of cluster.nodes) await cluster.kill(node);
    // As an application that boots now.
    const cache = await open({ deadline: 250, local: { ttl: '10m' }, ready: false });
    const key = newKey();
    for (let round = 0; round < 3; round++) {
      const [answer, ms] = await timed(() => cache.getOrSet(key, () => `loaded ${round}`));
      expect(answer).toBe(`loaded ${round}`);
      expect(ms).toBeLessThan(TWO_DEADLINES);
    }
    await expect(cache.ready('100ms')).rejects.toMatchObject({ code: 'CLUSTER_NOT_CONNECTED' });

    await cluster.heal();
    await cache.ready('20s');
    await cache.getOrSet(key, () => 'stored');
    expect(await wayOf(() => cache.getOrSet(key, () => 'not asked'))).toEqual(['local:hit']);
    const other = await open(PLAIN);
    expect(await other.get(key)).toBe('stored');
  });

  test('an application that was up goes on as well', async ({ cluster, open }) => {
    const cache = await open(PLAIN);
    const key = newKey();
    await cache.getOrSet(key, () => 'kept');
    for (const node of cluster.nodes) await cluster.kill(node);
    for (let round = 0; round < 3; round++) {
      const [answer, ms] = await timed(() => cache.getOrSet(key, () => 'loaded'));
      expect(answer).toBe('loaded');
      expect(ms).toBeLessThan(TWO_DEADLINES);
    }
  });
});

describe('while the memory of a primary is full', () => {
  test('reads are answered, deletes work, and the reason is told', async ({ cluster, open }) => {
    const cache = await open(PLAIN);
    const full = cluster.primaryOf(newKey());
    const [kept, cold] = [newKeyOn(cluster, full), newKeyOn(cluster, full)];
    await cache.getOrSet(kept, () => 'kept');
    await cluster.setMaxMemory(full, '1mb', 'noeviction');

    const problems = await problemsDuring(async () => {
      expect(await cache.getOrSet(kept, () => 'loaded')).toBe('kept');
      expect(await cache.getOrSet(cold, () => 'loaded')).toBe('loaded');
      expect(await cache.set(cold, 'set')).toEqual({
        outcome: 'skipped',
        why: 'out-of-memory',
        old: 'deleted',
      });
    });
    expect(problems).toContainEqual({ what: 'refused', template: cold.template, why: 'OOM' });
    expect(await cache.delete(kept)).toMatchObject({ outcome: 'deleted' });
    expect(await cache.get(kept)).toBeUndefined();
  });

  test('a lease taken before is given back, so that nobody waits for it', async ({ cluster, open }) => {
    const cache = await open({ ...PLAIN, lease: '20s' });
    const key = newKey();
    const full = cluster.primaryOf(key);
    const way = await wayOf(() =>
      cache.getOrSet(key, async () => {
        await cluster.setMaxMemory(full, '1mb', 'noeviction');
        return 'loaded';
      }),
    );
    expect(way.at(-1)).toBe('fill:unknown');
    const [answer, ms] = await timed(() => cache.getOrSet(key, () => 'again'));
    expect(answer).toBe('again');
    expect(ms).toBeLessThan(TWO_DEADLINES);
    expect(await full.admin.exists(key.text)).toBe(0);
  });
});
