import { setTimeout as sleep } from 'node:timers/promises';
import type { Key } from '@keyslot/keys';
import { describe, expect } from 'vitest';
import { newKey, newKeyOn, type OpenOptions, test } from './fixtures.ts';

const PLAIN = { local: false, jitter: 0, earlyRefresh: 0 } as const satisfies OpenOptions;
const keysOf = (count: number) => Array.from({ length: count }, newKey);

/** A loader that notes what it is asked for, and answers each key's own text. */
function noting(ms = 0) {
  const asked: string[][] = [];
  const load = async (keys: readonly Key<string | null>[]) => {
    asked.push(keys.map(({ text }) => text));
    await sleep(ms);
    return keys.map(({ text }) => text);
  };
  return { asked, load };
}

describe('many keys', () => {
  test('are set, read and deleted with an outcome each, in their order, the same key once', async ({
    open,
  }) => {
    const [cache, other] = [await open(PLAIN), await open({})];
    const [a, b, c] = keysOf(3) as [Key<string | null>, Key<string | null>, Key<string | null>];
    expect(
      await cache.setMany([
        [a, 'first'],
        [b, null],
        [a, 'last'],
      ]),
    ).toEqual([{ outcome: 'stored' }, { outcome: 'stored' }, { outcome: 'stored' }]);
    expect(await cache.getMany([c, b, a, b])).toEqual([
      { outcome: 'miss' },
      { outcome: 'hit', value: null, source: 'cluster', ageMs: expect.any(Number) },
      { outcome: 'hit', value: 'last', source: 'cluster', ageMs: expect.any(Number) },
      { outcome: 'hit', value: null, source: 'cluster', ageMs: expect.any(Number) },
    ]);
    expect(await other.getOrSet(a, () => 'not asked')).toBe('last');
    // What was told of the set may arrive after it was read.
    await expect
      .poll(async () => {
        await other.getOrSet(a, () => 'not asked');
        return other.getMany([a]);
      })
      .toMatchObject([{ outcome: 'hit', source: 'local' }]);
    expect(await cache.deleteMany([a, b, a, c])).toMatchObject(
      Array.from({ length: 4 }, () => ({ outcome: 'deleted' })),
    );
    await expect.poll(() => other.peek(a)).toBeUndefined();
    expect(await cache.getMany([a, b])).toEqual([{ outcome: 'miss' }, { outcome: 'miss' }]);
    expect(await cache.getMany([])).toEqual([]);
  });

  test('are loaded together where they are missing, and only those', async ({ open }) => {
    const cache = await open(PLAIN);
    const keys = keysOf(100);
    const { asked, load } = noting();
    await cache.setMany(keys.slice(0, 40).map((key) => [key, 'there'] as const));
    const outcomes = await cache.getOrSetMany([...keys, ...keys], load);
    expect(asked).toHaveLength(1);
    expect(new Set(asked[0])).toEqual(new Set(keys.slice(40).map(({ text }) => text)));
    expect(asked[0]).toHaveLength(60);
    expect(outcomes.map((each) => each.outcome === 'answered' && [each.value, each.source])).toEqual(
      [...keys, ...keys].map((key, i) => (i % 100 < 40 ? ['there', 'cluster'] : [key.text, 'loader'])),
    );
    expect(new Set((await cache.getMany(keys)).map(({ outcome }) => outcome))).toEqual(new Set(['hit']));
  });

  test('are loaded once by processes that want the same, whoever leads which', async ({ open }) => {
    const caches = await Promise.all(Array.from({ length: 3 }, () => open(PLAIN)));
    const keys = keysOf(60);
    const { asked, load } = noting(100);
    const all = await Promise.all(
      caches.flatMap((cache) => [
        cache.getOrSetMany(keys, load),
        cache.getOrSetMany(keys.toReversed(), load),
      ]),
    );
    expect(asked.flat().toSorted()).toEqual(keys.map(({ text }) => text).toSorted());
    for (const outcomes of all) expect(outcomes.every(({ outcome }) => outcome === 'answered')).toBe(true);
  });

  test('that load for each other do not wait for each other', async ({ open }) => {
    const cache = await open(PLAIN);
    const [a, b] = keysOf(2) as [Key<string | null>, Key<string | null>];
    const { load } = noting(50);
    const both = Promise.all([cache.getOrSetMany([a, b], load), cache.getOrSetMany([b, a], load)]);
    await expect(both).resolves.toHaveLength(2);
  });

  test('share the failure of their loader, and a wrong answer is one', async ({ open }) => {
    const cache = await open(PLAIN);
    const keys = keysOf(3);
    const failed = await cache.getOrSetMany(keys, async () => {
      throw new TypeError('down');
    });
    expect(failed.map((each) => each.outcome === 'failed' && each.error)).toEqual<unknown>(
      keys.map((): unknown =>
        expect.objectContaining({ code: 'CACHE_LOADER_FAILED', cause: expect.any(TypeError) }),
      ),
    );
    const wrong = await cache.getOrSetMany(keys, () => ['one']);
    expect(wrong.every((each) => each.outcome === 'failed')).toBe(true);
    // Their leases were given back.
    expect(await cache.getOrSetMany(keys, async (asked) => asked.map(() => 'again'))).toMatchObject(
      keys.map(() => ({ outcome: 'answered', value: 'again' })),
    );
  });

  test('of a shard that is away cost nobody else', async ({ open, cluster }) => {
    const cache = await open({ ...PLAIN, deadline: '300ms' });
    const [gone, ...others] = cluster.primaries;
    if (gone === undefined) throw new Error('no primary');
    const away = Array.from({ length: 5 }, () => newKeyOn(cluster, gone));
    const there = others.flatMap((node) => Array.from({ length: 5 }, () => newKeyOn(cluster, node)));
    await cache.setMany(there.map((key) => [key, 'there'] as const));
    await cluster.freeze(gone);
    try {
      const outcomes = await cache.getMany([...away, ...there]);
      expect(outcomes.map(({ outcome }) => outcome)).toEqual([
        ...away.map(() => 'failed'),
        ...there.map(() => 'hit'),
      ]);
      const { asked, load } = noting();
      const loaded = await cache.getOrSetMany([...there, ...away], load);
      expect(loaded.map((each) => each.outcome === 'answered' && each.value)).toEqual([
        ...there.map(() => 'there'),
        ...away.map(({ text }) => text),
      ]);
      expect(asked.flat().toSorted()).toEqual(away.map(({ text }) => text).toSorted());
    } finally {
      await cluster.thaw(gone);
      await cluster.untilHealthy();
    }
  });
});
