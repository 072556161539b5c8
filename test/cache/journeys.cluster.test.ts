import { setTimeout as sleep } from 'node:timers/promises';
import { LoaderFailedError, UnencodableValueError } from '@keyslot/cache';
import { describe, expect, vi } from 'vitest';
import { newKey, test } from './fixtures.ts';
import { problemsDuring, wayOf, waysDuring } from './watching.ts';

const LOADED = ['local:miss', 'cluster:miss', 'lease:leader', 'loader:loaded', 'fill:filled'];

describe('the way of a read', () => {
  test('of a cold key leads to the loader, the next one ends in memory', async ({ open }) => {
    const cache = await open();
    const key = newKey();
    const load = vi.fn<() => Promise<string>>(async () => 'Wien');
    const answers: unknown[] = [];
    const ways = await waysDuring(async () => {
      answers.push(await cache.getOrSet(key, load));
      answers.push(await cache.getOrSet(key, load));
    });
    expect(ways).toEqual([LOADED, ['local:hit']]);
    expect(answers).toEqual(['Wien', 'Wien']);
    expect(load).toHaveBeenCalledTimes(1);
  });

  test('of a key that another process loaded ends in the cluster', async ({ open }) => {
    const [first, second] = [await open(), await open()];
    const key = newKey();
    await first.getOrSet(key, () => 'Wien');
    const ways = await waysDuring(async () => {
      expect(await second.getOrSet(key, () => 'not asked')).toBe('Wien');
      expect(await second.getOrSet(key, () => 'not asked')).toBe('Wien');
    });
    expect(ways).toEqual([['local:miss', 'cluster:hit'], ['local:hit']]);
  });

  test('is shared by those of one process who come while it is under way', async ({ open }) => {
    const cache = await open();
    const key = newKey();
    const load = vi.fn<() => Promise<string>>(() => sleep(50, 'Wien'));
    const ways = await waysDuring(async () => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => cache.getOrSet(key, load)));
      expect(new Set(answers)).toEqual(new Set(['Wien']));
    });
    expect(load).toHaveBeenCalledTimes(1);
    expect(ways).toEqual([...Array.from({ length: 99 }, () => ['local:miss', 'flight:joined']), LOADED]);
  });

  test('waits for the value that another process loads', async ({ open }) => {
    const [first, second] = [await open(), await open()];
    const key = newKey();
    const { promise: began, resolve: begin } = Promise.withResolvers<void>();
    const ways = await waysDuring(async () => {
      const leader = first.getOrSet(key, () => {
        begin();
        return sleep(50, 'Wien');
      });
      await began;
      const waiter = second.getOrSet(key, () => 'not asked');
      expect(await Promise.all([leader, waiter])).toEqual(['Wien', 'Wien']);
    });
    // Either may hear first that it is filled.
    expect(ways).toHaveLength(2);
    expect(ways).toEqual(expect.arrayContaining([LOADED, ['local:miss', 'cluster:leased', 'lease:hit']]));
  });

  test('of a kept null is a hit like any other', async ({ open }) => {
    const [first, second] = [await open(), await open()];
    const key = newKey();
    await first.getOrSet(key, () => null);
    const ways = await waysDuring(async () => {
      expect(await second.getOrSet(key, () => 'not asked')).toBeNull();
      expect(await second.getOrSet(key, () => 'not asked')).toBeNull();
    });
    expect(ways).toEqual([['local:miss', 'cluster:hit'], ['local:hit']]);
  });
});

describe('what a load that began before does not store', () => {
  test('after a delete', async ({ cluster, open }) => {
    const [cache, other] = [await open(), await open()];
    const key = newKey();
    for (const deleter of [cache, other]) {
      const way = await wayOf(async () => {
        const value = await cache.getOrSet(key, async () => {
          expect(await deleter.delete(key)).toMatchObject({ outcome: 'deleted' });
          return 'read before the delete';
        });
        expect(value).toBe('read before the delete');
      });
      expect(way).toEqual(['local:miss', 'cluster:miss', 'lease:leader', 'loader:loaded', 'fill:superseded']);
      expect(await cluster.primaryOf(key).admin.exists(key.text)).toBe(0);
      expect(await cache.get(key)).toBeUndefined();
    }
  });

  test('after a set', async ({ open }) => {
    const [cache, other] = [await open(), await open()];
    const key = newKey();
    const way = await wayOf(() =>
      cache.getOrSet(key, async () => {
        expect(await other.set(key, 'newer')).toEqual({ outcome: 'stored' });
        return 'older';
      }),
    );
    expect(way.at(-1)).toBe('fill:superseded');
    expect([await cache.get(key), await other.get(key)]).toEqual(['newer', 'newer']);
  });

  test('after a delete, nor does it answer those who came after it', async ({ open }) => {
    const cache = await open();
    const key = newKey();
    const { promise, resolve } = Promise.withResolvers<string>();
    const { promise: began, resolve: begin } = Promise.withResolvers<void>();
    const before = cache.getOrSet(key, () => {
      begin();
      return promise;
    });
    await began;
    await cache.delete(key);
    expect(await cache.getOrSet(key, () => 'new')).toBe('new');
    resolve('old');
    expect(await before).toBe('old');
    expect([await cache.get(key), await cache.getOrSet(key, () => 'not asked')]).toEqual(['new', 'new']);
  });
});

describe('a loader that does not load', () => {
  test('fails the read with its own error as the cause, and the next caller loads at once', async ({
    cluster,
    open,
  }) => {
    const [cache, other] = [await open({ lease: '20s' }), await open({ lease: '20s' })];
    const key = newKey();
    const cause = new Error('the database is gone');
    const way = await wayOf(async () => {
      const failure = await cache.getOrSet(key, () => Promise.reject(cause)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(LoaderFailedError);
      expect(failure).toMatchObject({ code: 'CACHE_LOADER_FAILED', template: key.template, cause });
    });
    expect(way).toEqual(['local:miss', 'cluster:miss', 'lease:leader', 'loader:failed']);
    expect(await cluster.primaryOf(key).admin.exists(key.text)).toBe(0);

    const began = performance.now();
    expect(await other.getOrSet(key, () => 'Wien')).toBe('Wien');
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  test('fails all who share it, once, with the same error, also when it throws at once', async ({ open }) => {
    const cache = await open();
    const key = newKey();
    const load = vi.fn<() => string>(() => {
      throw new Error('no');
    });
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => cache.getOrSet(key, load)));
    expect(load).toHaveBeenCalledTimes(1);
    expect(
      new Set(outcomes.map((outcome): unknown => outcome.status === 'rejected' && outcome.reason)).size,
    ).toBe(1);
  });

  test('is refused what cannot be stored, by an error that names the template and not the value', async ({
    cluster,
    open,
  }) => {
    const cache = await open({ lease: '20s' });
    const key = newKey();
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const [value, why] of [
      [undefined, 'undefined'],
      [{ secret: () => 1 }, 'function'],
      [[Symbol('secret')], 'symbol'],
      [circle, 'itself'],
    ] as const) {
      const failure: unknown = await cache
        .getOrSet(key, () => value as unknown as string)
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(UnencodableValueError);
      expect((failure as Error).message).toContain(`"${key.template}"`);
      expect((failure as Error).message).toContain(why);
      expect((failure as Error).message).not.toContain('secret');
      expect(await cluster.primaryOf(key).admin.exists(key.text)).toBe(0);
    }
  });

  test('is not even asked when the call itself is wrong', async ({ open }) => {
    const cache = await open();
    const key = newKey();
    const load = vi.fn<() => string>(() => 'Wien');
    await expect(cache.getOrSet(key, load, { ttl: 0 })).rejects.toMatchObject({
      code: 'KERNEL_INVALID_OPTION',
    });
    expect(load).not.toHaveBeenCalled();
    await cache.getOrSet(key, load);
    expect(await problemsDuring(() => cache.getOrSet(key, load))).toEqual([]);
  });
});
