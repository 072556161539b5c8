import { setTimeout as sleep } from 'node:timers/promises';
import type { Cache } from '@keyslot/cache';
import type { Key } from '@keyslot/keys';
import { expect } from 'vitest';
import { newKey } from '../fixtures.ts';
import { wayOf } from '../watching.ts';
import type { Behaviours, Store } from './behaviours.ts';

/** Two caches that keep copies for longer than a test takes, and one value that both have. */
async function twoWithCopies({ open }: Store): Promise<[Cache, Cache, Key<string | null>]> {
  const [one, two] = [await open({ local: { ttl: '10m' } }), await open({ local: { ttl: '10m' } })];
  const key = newKey();
  for (const cache of [one, two]) {
    await cache.getOrSet(key, () => 'old');
    expect(await wayOf(() => cache.getOrSet(key, () => 'not asked'))).toEqual(['local:hit']);
  }
  return [one, two, key];
}

export const memory: Behaviours = {
  "goes with another cache's delete": async (store) => {
    const [one, two, key] = await twoWithCopies(store);
    await one.delete(key);
    expect(await one.get(key)).toBeUndefined();
    await expect.poll(() => two.get(key), { timeout: 1_000, interval: 2 }).toBeUndefined();
  },

  "goes with another cache's set": async (store) => {
    const [one, two, key] = await twoWithCopies(store);
    await one.set(key, 'new');
    expect(await one.get(key)).toBe('new');
    await expect.poll(() => two.get(key), { timeout: 1_000, interval: 2 }).toBe('new');
  },

  'lives for its own time': async ({ open }) => {
    const cache = await open({ local: { ttl: '100ms' } });
    const key = newKey();
    await cache.getOrSet(key, () => 'Wien');
    await sleep(150);
    expect(await wayOf(() => cache.getOrSet(key, () => 'not asked'))).toEqual(['local:miss', 'cluster:hit']);
  },

  'is served to those only who expect its version': async ({ open }) => {
    const [cache, other] = [await open({ local: { ttl: '10m' } }), await open({ local: { ttl: '10m' } })];
    const key = newKey();
    const two = { version: 2 };
    expect(await cache.getOrSet(key, () => 'first')).toBe('first');
    expect(await cache.getOrSet(key, () => 'second', two)).toBe('second');
    expect(await wayOf(() => cache.getOrSet(key, () => 'not asked', two))).toEqual(['local:hit']);
    expect([cache.peek(key), await cache.get(key)]).toEqual([undefined, undefined]);
    expect(await other.getOrSet(key, () => 'not asked', two)).toBe('second');
    expect(await wayOf(() => other.getOrSet(key, () => 'not asked', two))).toEqual(['local:hit']);
    expect(other.peek(key)).toBeUndefined();
    expect(await cache.getMany([key], two)).toMatchObject([
      { outcome: 'hit', value: 'second', source: 'local' },
    ]);
    expect(await cache.getOrSetMany([key], () => ['third'])).toMatchObject([{ value: 'third' }]);
  },

  'is served by the version that its template has': async ({ open }) => {
    const key = newKey();
    const cache = await open({ local: { ttl: '10m' }, keys: { [key.template]: { version: 3 } } });
    await cache.getOrSet(key, () => 'Wien');
    expect(await wayOf(() => cache.getOrSet(key, () => 'not asked'))).toEqual(['local:hit']);
    expect(cache.peek(key)).toBe('Wien');
    expect(await cache.getOrSet(key, () => 'Graz', { version: 0 })).toBe('Graz');
    expect(cache.peek(key)).toBeUndefined();
  },

  'is not kept when there is to be none': async ({ open }) => {
    const cache = await open({ local: false });
    const key = newKey();
    await cache.getOrSet(key, () => 'Wien');
    expect(await wayOf(() => cache.getOrSet(key, () => 'not asked'))).toEqual(['local:miss', 'cluster:hit']);
  },
};
