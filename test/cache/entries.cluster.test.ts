import { UnencodableValueError } from '@keyslot/cache';
import { describe, expect } from 'vitest';
import { newKey, test } from './fixtures.ts';
import { problemsDuring, wayOf } from './watching.ts';

const HEALED = ['local:miss', 'cluster:undecodable', 'lease:leader', 'loader:loaded', 'fill:filled'];

describe('what an entry is kept as', () => {
  test('lives for its ttl less at most its jitter, so that values stored together do not expire together', async ({
    cluster,
    open,
  }) => {
    const cache = await open({ ttl: '100s', jitter: 0.5 });
    const keys = Array.from({ length: 60 }, () => newKey());
    await Promise.all(keys.map((key, i) => (i % 2 ? cache.set(key, 'x') : cache.getOrSet(key, () => 'x'))));
    const left = await Promise.all(keys.map(({ text }) => cluster.primaryOf(text).admin.pttl(text)));

    expect(Math.max(...left)).toBeLessThanOrEqual(100_000);
    expect(Math.min(...left)).toBeGreaterThan(49_000);
    expect(Math.max(...left) - Math.min(...left)).toBeGreaterThan(10_000);
  });

  test('lives for the ttl of the call, when it has one', async ({ cluster, open }) => {
    const cache = await open({ ttl: '100s', jitter: 0 });
    const [set, loaded] = [newKey(), newKey()];
    await cache.set(set, 'x', { ttl: '10s' });
    await cache.getOrSet(loaded, () => 'x', { ttl: '10s' });
    for (const { text } of [set, loaded]) {
      const left = await cluster.primaryOf(text).admin.pttl(text);
      expect(left).toBeLessThanOrEqual(10_000);
      expect(left).toBeGreaterThan(9_000);
    }
  });

  test('is under the namespace and the key as the template reads, in its slot', async ({ cluster, open }) => {
    const cache = await open({ namespace: 'shop' });
    const key = newKey();
    await cache.set(key, 'Wien');
    expect(await cluster.primaryOf(key).admin.exists(`shop:${key.text}`)).toBe(1);
    expect(await cache.get(key)).toBe('Wien');
  });
});

describe('get', () => {
  test('tells a miss from a kept null', async ({ open }) => {
    const cache = await open({ local: false });
    const key = newKey();
    expect(await cache.get(key)).toBeUndefined();
    await cache.set(key, null);
    expect(await cache.get(key)).toBeNull();
  });

  test("waits for nobody's load", async ({ open }) => {
    const [cache, other] = [await open(), await open()];
    const key = newKey();
    await cache.getOrSet(key, async () => {
      expect([await cache.get(key), await other.get(key)]).toEqual([undefined, undefined]);
      return 'Wien';
    });
    expect([await cache.get(key), await other.get(key)]).toEqual(['Wien', 'Wien']);
  });
});

describe('set', () => {
  test('replaces what is there, also what another program left', async ({ cluster, open }) => {
    const cache = await open();
    const key = newKey();
    await cluster.primaryOf(key).admin.hset(key.text, 'a', '1');
    expect(await cache.set(key, 'Wien')).toEqual({ outcome: 'stored' });
    expect(await cache.set(key, 'Graz')).toEqual({ outcome: 'stored' });
    expect(await cache.get(key)).toBe('Graz');
  });

  test('refuses what cannot be stored, and changes nothing', async ({ open }) => {
    const cache = await open();
    const key = newKey();
    await cache.set(key, 'Wien');
    const refused = cache.set(key, (() => 'Graz') as unknown as string);
    await expect(refused).rejects.toBeInstanceOf(UnencodableValueError);
    await expect(cache.set(key, 'Graz', { ttl: -1 })).rejects.toMatchObject({ option: 'ttl' });
    expect(await cache.get(key)).toBe('Wien');
  });

  test('of two at once one stands, and both processes agree which', async ({ open }) => {
    const caches = [await open(), await open()] as const;
    for (let round = 0; round < 30; round++) {
      const key = newKey();
      const outcomes = await Promise.all(caches.map((cache, i) => cache.set(key, `value ${i}`)));
      expect(outcomes.map(({ outcome }) => outcome)).toContain('stored');
      const [one, two] = await Promise.all(caches.map((cache) => cache.get(key)));
      expect(one).toBe(two);
      if (outcomes.some(({ outcome }) => outcome === 'superseded')) {
        expect(one).toBe(`value ${outcomes.findIndex(({ outcome }) => outcome === 'stored')}`);
      }
    }
  });
});

describe('bytes that are none of ours', () => {
  test.for([
    ['a text', Buffer.from('{"name":"Wien"}')],
    ['nothing', Buffer.alloc(0)],
    ['the beginning of an entry', Buffer.from('V')],
    ['an entry of a version to come', Buffer.concat([Buffer.from('V'), Buffer.alloc(60, 2)])],
    ['random bytes', Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7919) % 251))],
  ] as const)('%s: counts as a miss, is reported and healed', async ([, bytes], { cluster, open }) => {
    const [cache, other] = [await open(), await open()];
    const key = newKey();
    await cluster.primaryOf(key).admin.set(key.text, bytes, 'PX', 60_000);
    let way: string[] = [];
    const problems = await problemsDuring(async () => {
      way = await wayOf(() => cache.getOrSet(key, () => 'Wien'));
    });
    expect(way).toEqual(HEALED);
    expect(problems).toEqual([{ what: 'undecodable', template: key.template, why: expect.any(String) }]);
    expect(await other.get(key)).toBe('Wien');
  });

  test('are no value for get, which heals them too', async ({ cluster, open }) => {
    const cache = await open();
    const key = newKey();
    await cluster.primaryOf(key).admin.set(key.text, 'garbage', 'PX', 60_000);
    const problems = await problemsDuring(async () => {
      expect(await cache.get(key)).toBeUndefined();
    });
    expect(problems).toMatchObject([{ what: 'undecodable' }]);
    expect(await cluster.primaryOf(key).admin.exists(key.text)).toBe(0);
  });

  test("another key's entry, copied here, is not its value", async ({ cluster, open }) => {
    const cache = await open();
    const [mine, theirs] = [newKey(), newKey()];
    await cache.set(theirs, 'secret');
    const bytes = await cluster.primaryOf(theirs).admin.getBuffer(theirs.text);
    await cluster.primaryOf(mine).admin.set(mine.text, bytes as Buffer, 'PX', 60_000);

    expect(await wayOf(() => cache.getOrSet(mine, () => 'mine'))).toEqual(HEALED);
    expect([await cache.get(mine), await cache.get(theirs)]).toEqual(['mine', 'secret']);
  });

  test('an entry whose payload was damaged is loaded again', async ({ cluster, open }) => {
    const cache = await open({ local: false });
    const key = newKey();
    await cache.set(key, 'Wien');
    // The last byte says what a text of four bytes is; behind it the value is cut off.
    await cluster
      .primaryOf(key)
      .admin.eval(
        "local v = redis.call('GET', KEYS[1]); return redis.call('SET', KEYS[1], v:sub(1, -2), 'KEEPTTL')",
        1,
        key.text,
      );
    expect(await wayOf(() => cache.getOrSet(key, () => 'Graz'))).toEqual(HEALED);
    expect(await cache.get(key)).toBe('Graz');
  });

  test('a key of another type is answered by the loader, reported and left alone', async ({
    cluster,
    open,
  }) => {
    const cache = await open();
    const key = newKey();
    const { admin } = cluster.primaryOf(key);
    await admin.hset(key.text, 'kept', 'by another program');
    await admin.expire(key.text, 60);
    let way: string[] = [];
    const problems = await problemsDuring(async () => {
      way = await wayOf(async () => expect(await cache.getOrSet(key, () => 'Wien')).toBe('Wien'));
      expect(await cache.get(key)).toBeUndefined();
    });
    expect(way).toEqual(['local:miss', 'cluster:away', 'replica:away', 'loader:loaded']);
    expect(problems).toContainEqual({ what: 'undecodable', template: key.template, why: 'not a string' });
    expect(await admin.hgetall(key.text)).toEqual({ kept: 'by another program' });
    expect(await cache.delete(key)).toMatchObject({ outcome: 'deleted' });
  });
});
