import { setTimeout as sleep } from 'node:timers/promises';
import type { Cache, SetResult } from '@keyslot/cache';
import type { Key } from '@keyslot/keys';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { describe, expect, vi } from 'vitest';
import { newKey, newKeyOn, test } from './fixtures.ts';
import { fillTo, refusals, storingWrites } from './full-shard.ts';
import { wayOf } from './watching.ts';

const LARGE = 'x'.repeat(70_000);
const MIDDLE = 'x'.repeat(20_000);
const TTL = { ttl: '100s' } as const;

const keysOn = (cluster: TestCluster, node: TestNode, count: number) =>
  Array.from({ length: count }, () => newKeyOn(cluster, node));

const othersThan = (cluster: TestCluster, node: TestNode) =>
  cluster.primaries.filter((each) => each !== node && each.slotCount > 0);

/** By then every client has asked the node how full it is. */
const untilKnown = () => sleep(2_000);

/** Counts what came of writes. */
class Tally {
  readonly counts: Record<string, number> = {};

  note(result: SetResult | { readonly outcome: string }): void {
    const why = 'error' in result ? `${result.outcome}: ${String(result.error)}` : result.outcome;
    this.counts[why] = (this.counts[why] ?? 0) + 1;
  }
}

/** What an application keeps in its database, and what it may not read any more. */
class Database {
  readonly #versions = new Map<Key<string | null>, number>();
  readonly older: string[] = [];

  commit(key: Key<string | null>): string {
    this.#versions.set(key, this.versionOf(key) + 1);
    return this.valueOf(key);
  }

  versionOf(key: Key<string | null>): number {
    return this.#versions.get(key) ?? 0;
  }

  valueOf(key: Key<string | null>): string {
    return String(this.versionOf(key));
  }

  /** A read, and what it must not be older than: what was written before it began. */
  async check(key: Key<string | null>, read: () => Promise<string | null | undefined>): Promise<void> {
    const least = this.versionOf(key);
    const value = await read();
    if (typeof value === 'string' && Number(value) < least) this.older.push(`${value} after ${least}`);
  }
}

/** Commits and sets through one cache, then reads through both, as two processes would. */
async function writeAndRead(
  [writer, reader]: readonly [Cache, Cache],
  key: Key<string | null>,
  database: Database,
): Promise<SetResult> {
  const result = await writer.set(key, database.commit(key), TTL);
  await Promise.all(
    [writer, reader].map(async (cache) => {
      await database.check(key, () => cache.get(key));
      await database.check(key, () => cache.getOrSet(key, () => database.valueOf(key), TTL));
      await database.check(key, () => cache.get(key));
    }),
  );
  return result;
}

describe.each(['noeviction', 'allkeys-lru'] as const)(
  'while one of three primaries is full (%s)',
  (policy) => {
    test('the others take every write, deletes work everywhere, nobody sees OOM nor what is older than others have', async ({
      cluster,
      open,
    }) => {
      const caches = [await open({ local: false }), await open({ local: false })] as const;
      const turned = [caches[1], caches[0]] as const;
      const full = cluster.primaryOf(newKey());
      const others = othersThan(cluster, full);
      const contended = keysOn(cluster, full, 20);
      const database = new Database();
      for (const key of contended) await caches[0].set(key, database.commit(key), TTL);
      await using _ = await fillTo(cluster, full, 1.02, policy);

      const [elsewhere, atFull, deletes] = [new Tally(), new Tally(), new Tally()];
      let refusedBefore = 0;
      let round = 0;
      const start = performance.now();
      while (performance.now() - start < 5_000) {
        // By then the guards were told by their clients' polls, whatever they learnt from refusals.
        if (refusedBefore === 0 && performance.now() - start > 2_500)
          refusedBefore = 1 + (await refusals(full));
        const pair = round % 2 === 0 ? caches : turned;
        const key = contended[round % contended.length] as Key<string | null>;
        const there = others.map((node) => newKeyOn(cluster, node));
        const [result] = await Promise.all([
          writeAndRead(pair, key, database),
          ...there.map(async (each) => {
            elsewhere.note(await pair[0].set(each, MIDDLE, TTL));
            expect(await pair[1].getOrSet(each, () => 'not asked')).toBe(MIDDLE);
            deletes.note(await pair[0].delete(each));
          }),
        ]);
        atFull.note(result);
        if (round % 3 === 0) {
          deletes.note(await pair[1].delete(key));
          expect(await pair[0].get(key)).toBeUndefined();
        }
        const cold = newKeyOn(cluster, full);
        expect(await pair[0].getOrSet(cold, () => MIDDLE)).toBe(MIDDLE);
        round++;
      }

      expect(round).toBeGreaterThan(50);
      expect(elsewhere.counts).toEqual({ stored: 2 * round });
      expect(deletes.counts).toEqual({ deleted: 2 * round + Math.ceil(round / 3) });
      expect(Object.keys(atFull.counts)).toEqual([policy === 'noeviction' ? 'skipped' : 'stored']);
      expect(database.older).toEqual([]);
      expect((await refusals(full)) - (refusedBefore - 1)).toBe(0);
      for (const key of contended) await caches[0].delete(key);
    });

    test('a value in the memory of another process goes, too', async ({ cluster, open }) => {
      const options = { local: { ttl: '10m' }, ...TTL } as const;
      const [writer, other] = [await open(options), await open(options)];
      const full = cluster.primaryOf(newKey());
      const keys = keysOn(cluster, full, 20);
      for (const key of keys) await writer.set(key, 'old');
      for (const key of keys) {
        const read = () => other.getOrSet(key, () => 'old');
        await expect.poll(() => wayOf(read)).toEqual(['local:hit']);
      }
      await using _ = await fillTo(cluster, full, 1.02, policy);
      await untilKnown();
      for (const key of keys) {
        expect(await other.getOrSet(key, () => 'new')).toBe('old');
        await writer.set(key, LARGE);
        await expect.poll(() => other.getOrSet(key, () => 'new')).toBe('new');
        expect(await writer.getOrSet(key, () => 'new')).toBe('new');
      }
      for (const key of keys) await writer.delete(key);
    });
  },
);

describe('a shard that is full', () => {
  test('and evicts nothing is sent no write that stores something, nor a lease, once that is known', async ({
    cluster,
    open,
  }) => {
    const cache = await open({ local: false });
    const full = cluster.primaryOf(newKey());
    const [known, cold] = keysOn(cluster, full, 2) as [Key<string | null>, Key<string | null>];
    await cache.set(known, 'old');
    await using _ = await fillTo(cluster, full, 1.02, 'noeviction');
    await untilKnown();
    const [writes, refused] = [await storingWrites(full), await refusals(full)];
    expect(await cache.set(known, 'new')).toEqual({ outcome: 'skipped', why: 'full', old: 'deleted' });
    expect(await cache.get(known)).toBeUndefined();
    const load = vi.fn<() => Promise<string>>(() => sleep(50, 'loaded'));
    expect(await wayOf(() => cache.getOrSet(cold, load))).toEqual([
      'local:miss',
      'cluster:miss',
      'guard:no-lease',
      'loader:loaded',
    ]);
    // In one process there is still one load at a time.
    await Promise.all(Array.from({ length: 10 }, () => cache.getOrSet(cold, load)));
    expect(load).toHaveBeenCalledTimes(2);
    expect(await storingWrites(full)).toBe(writes);
    expect(await refusals(full)).toBe(refused);
  });

  test('that could evict but has nothing to, refuses one write, and is left alone for a while', async ({
    cluster,
    open,
  }) => {
    const cache = await open({ local: false, guard: { oomFor: '2s' } });
    const full = cluster.primaryOf(newKey());
    const [key, cold] = keysOn(cluster, full, 2) as [Key<string | null>, Key<string | null>];
    await cluster.setMaxMemory(full, '1mb', 'allkeys-lru');
    // Until then it has something.
    await expect.poll(async () => (await cache.set(key, 'new')).outcome).toBe('skipped');
    const refusedAt = performance.now();
    const refused = await refusals(full);
    for (let i = 0; i < 10; i++) {
      const skipped = { outcome: 'skipped', why: 'out-of-memory', old: 'deleted' };
      expect(await cache.set(key, 'new')).toEqual(skipped);
      expect(await cache.getOrSet(cold, () => 'loaded')).toBe('loaded');
    }
    expect(performance.now() - refusedAt).toBeLessThan(1_500);
    expect(await refusals(full)).toBe(refused);
    await sleep(2_000);
    expect(await cache.set(key, 'new')).toMatchObject({ why: 'out-of-memory' });
    expect((await refusals(full)) - refused).toBe(1);
  });

  test('is stored in again soon after it has room', async ({ cluster, open }) => {
    const cache = await open({ local: false, guard: { oomFor: '1s' } });
    const full = cluster.primaryOf(newKey());
    const key = newKeyOn(cluster, full);
    await using _ = await fillTo(cluster, full, 1.02, 'noeviction');
    expect(await cache.set(key, 'new')).toMatchObject({ outcome: 'skipped' });
    await cluster.heal();
    await expect.poll(async () => (await cache.set(key, 'new')).outcome, { timeout: 5_000 }).toBe('stored');
  });

  test('has its older value removed without a guard as well, and refuses each write itself', async ({
    cluster,
    open,
  }) => {
    const cache = await open({ local: false, guard: false });
    const full = cluster.primaryOf(newKey());
    const key = newKeyOn(cluster, full);
    await cache.set(key, 'old');
    await using _ = await fillTo(cluster, full, 1.02, 'noeviction');
    const refused = await refusals(full);
    const skipped = { outcome: 'skipped', why: 'out-of-memory', old: 'deleted' };
    expect(await cache.set(key, 'new')).toEqual(skipped);
    expect(await cache.get(key)).toBeUndefined();
    expect(await cache.set(key, 'new')).toEqual(skipped);
    expect(await cache.getOrSet(key, () => 'loaded')).toBe('loaded');
    expect((await refusals(full)) - refused).toBe(3);
  });
});

describe('a shard above its threshold', () => {
  test('stores for less time, nothing large, and says so', async ({ cluster, open }) => {
    const options = { local: { ttl: '10m' }, jitter: 0, ...TTL } as const;
    const [cache, other] = [await open(options), await open({ ...options, local: false })];
    const node = cluster.primaryOf(newKey());
    const [set, got, large, loaded] = keysOn(cluster, node, 4) as [
      Key<string | null>,
      Key<string | null>,
      Key<string | null>,
      Key<string | null>,
    ];
    await cache.set(large, 'old');
    await using _ = await fillTo(cluster, node, 0.9, 'noeviction');
    await untilKnown();
    const result = await cache.set(set, 'new');
    expect(result).toEqual({ outcome: 'stored', shortenedToMs: expect.any(Number) });
    const { shortenedToMs = 0 } = result as { shortenedToMs?: number };
    expect(shortenedToMs).toBeGreaterThan(40_000);
    expect(shortenedToMs).toBeLessThan(80_000);

    expect(await wayOf(() => cache.getOrSet(got, () => 'loaded'))).toEqual([
      'local:miss',
      'cluster:miss',
      'lease:leader',
      'loader:loaded',
      'guard:shortened',
      'fill:filled',
    ]);
    for (const key of [set, got]) {
      const left = await node.admin.pttl(key.text);
      expect(left).toBeGreaterThan(35_000);
      expect(left).toBeLessThan(80_000);
    }

    expect(await cache.set(large, LARGE)).toEqual({ outcome: 'skipped', why: 'too-large', old: 'deleted' });
    expect(await other.get(large)).toBeUndefined();
    expect((await wayOf(() => cache.getOrSet(loaded, () => LARGE))).at(-1)).toBe('guard:skipped');
    expect(await node.admin.exists(loaded.text)).toBe(0);
  });
});
