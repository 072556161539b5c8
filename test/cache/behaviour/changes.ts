import type { Cache } from '@keyslot/cache';
import type { Key } from '@keyslot/keys';
import { expect } from 'vitest';
import { newKey } from '../fixtures.ts';
import type { Behaviours } from './behaviours.ts';
import { GatedLoader } from './gated.ts';

/** Has a load of `old` end after a change was made. */
async function loadDuring(
  cache: Cache,
  key: Key<string | null>,
  change: () => Promise<unknown>,
): Promise<unknown> {
  const loader = new GatedLoader<string>();
  const read = cache.getOrSet(key, loader.load);
  await loader.underWay;
  await change();
  loader.answer('old');
  return read;
}

export const changes: Behaviours = {
  'by delete takes the value away, for every cache': async ({ open }) => {
    const [one, two] = [await open({ local: false }), await open({ local: false })];
    const key = newKey();
    await one.set(key, 'old');
    expect(await two.delete(key)).toEqual({ outcome: 'deleted', existed: true });
    expect([await one.get(key), await two.get(key)]).toEqual([undefined, undefined]);
    expect(await two.delete(key)).toEqual({ outcome: 'deleted', existed: false });
    await one.set(key, 'new');
    expect(await two.deleteMany([newKey(), key, key])).toEqual([
      { outcome: 'deleted', existed: false },
      { outcome: 'deleted', existed: true },
      { outcome: 'deleted', existed: true },
    ]);
  },

  'by delete keeps a load that began before it from being stored': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    for (const deleting of [one, two]) {
      const key = newKey();
      expect(await loadDuring(one, key, () => deleting.delete(key))).toBe('old');
      expect([await one.get(key), await two.get(key)]).toEqual([undefined, undefined]);
      expect(await one.getOrSet(key, () => 'new')).toBe('new');
    }
  },

  'by delete does not have readers wait for a load that began before it': async ({ open }) => {
    const cache = await open();
    const key = newKey();
    await loadDuring(cache, key, async () => {
      await cache.delete(key);
      expect(await cache.getOrSet(key, () => 'new')).toBe('new');
    });
    expect(await cache.get(key)).toBe('new');
  },

  'by expire keeps a load that began before it from being stored': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    for (const expiring of [one, two]) {
      const key = newKey();
      await loadDuring(one, key, async () => {
        expect(await expiring.expire(key)).toEqual({ outcome: 'expired' });
      });
      expect([await one.get(key), await two.get(key)]).toEqual([undefined, undefined]);
      expect(await one.getOrSet(key, () => 'new')).toBe('new');
    }
  },

  'by set is what is read next, in every cache': async ({ open }) => {
    const [one, two] = [await open({ local: false }), await open({ local: false })];
    const key = newKey();
    await one.set(key, 'old');
    expect(await two.set(key, 'new')).toEqual({ outcome: 'stored' });
    expect([await one.get(key), await two.get(key)]).toEqual(['new', 'new']);
  },

  'by set supersedes a load that began before it': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    for (const setting of [one, two]) {
      const key = newKey();
      expect(await loadDuring(one, key, () => setting.set(key, 'new'))).toBe('old');
      expect([await one.get(key), await two.get(key)]).toEqual(['new', 'new']);
    }
  },

  'by another program supersedes a load that began before it': async ({ open, put }) => {
    const cache = await open();
    const key = newKey();
    expect(await loadDuring(cache, key, () => put(key, Buffer.from('something else')))).toBe('old');
    expect(await cache.get(key)).toBeUndefined();
  },

  'by set that is refused changes nothing': async ({ open }) => {
    const cache = await open();
    const key = newKey();
    await cache.set(key, 'old');
    await expect(cache.set(key, 'new', { ttl: -1 })).rejects.toMatchObject({ option: 'ttl' });
    expect(await cache.get(key)).toBe('old');
  },
};
