import { LoaderCycleError } from '@keyslot/cache';
import { expect } from 'vitest';
import { newKey } from '../fixtures.ts';
import type { Behaviours } from './behaviours.ts';

const isCycle: unknown = expect.objectContaining({
  code: 'CACHE_LOADER_FAILED',
  cause: expect.any(LoaderCycleError),
});

export const cycles: Behaviours = {
  'that asks for what it loads is told so at once': async ({ open }) => {
    const cache = await open();
    const key = newKey();
    const inner = () => cache.getOrSet(key, () => 'not asked');
    await expect(cache.getOrSet(key, inner)).rejects.toEqual(isCycle);
    await expect(cache.lookup(key, () => cache.lookup(key, () => '').then(String))).rejects.toEqual(isCycle);
    expect(await cache.getOrSet(key, () => 'Wien')).toBe('Wien');
  },

  'is told so also when it asks by way of another loader, or of another cache': async ({ open }) => {
    const [cache, other] = [await open(), await open()];
    const [a, b] = [newKey(), newKey()];
    const loadA = (): Promise<string | null> => cache.getOrSet(b, loadB);
    const loadB = (): Promise<string | null> => cache.getOrSet(a, loadA);
    await expect(loadB()).rejects.toMatchObject({ cause: isCycle });
    expect(await other.getOrSet(b, () => cache.getOrSet(a, () => 'Wien'))).toBe('Wien');
  },

  'is told so whatever the tiers have': async ({ open }) => {
    const cache = await open();
    const key = newKey();
    await cache.set(key, 'Wien');
    await cache.getOrSet(key, () => 'not asked');
    const inner = () => cache.getOrSet(key, () => 'not asked');
    await expect(cache.getOrSet(key, inner, { forceRefresh: true })).rejects.toEqual(isCycle);
    // What asks for no load is answered.
    expect(await cache.getOrSet(key, async () => `${await cache.get(key)}!`, { forceRefresh: true })).toBe(
      'Wien!',
    );
  },

  'of a batch is told so of the keys that it loads, and may ask for others': async ({ open }) => {
    const cache = await open();
    const [a, b, c] = [newKey(), newKey(), newKey()];
    const outcomes = await cache.getOrSetMany([a, b], async (missing) => {
      const inner = await cache.getOrSetMany([a, c], (keys) => keys.map(() => 'inner'));
      expect(inner).toMatchObject([
        { outcome: 'failed', error: { code: 'CACHE_LOADER_CYCLE' } },
        { outcome: 'answered', value: 'inner' },
      ]);
      await expect(cache.getOrSet(b, () => '')).rejects.toThrow(LoaderCycleError);
      return missing.map(() => 'outer');
    });
    expect(outcomes).toMatchObject([
      { outcome: 'answered', value: 'outer' },
      { outcome: 'answered', value: 'outer' },
    ]);
  },

  'may leave something behind that asks for what it has loaded': async ({ open }) => {
    const cache = await open({ local: false });
    const [key, outer] = [newKey(), newKey()];
    const isLoaded = Promise.withResolvers<void>();
    const later: Promise<unknown>[] = [];
    await cache.getOrSet(key, () => {
      later.push(isLoaded.promise.then(() => cache.getOrSet(key, () => 'not asked')));
      return 'Wien';
    });
    // Nor does what was begun by a load that has ended wait for the one around that.
    await cache.getOrSet(outer, async () => {
      await cache.getOrSet(newKey(), () => {
        later.push(isLoaded.promise.then(() => cache.getOrSet(outer, () => 'not asked')));
        return '';
      });
      isLoaded.resolve();
      await new Promise((resolve) => setTimeout(resolve, 20));
      return 'Graz';
    });
    // And a load that outlives the one that began it is no part of that.
    const third = newKey();
    const [began, isOver] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await cache.getOrSet(third, async () => {
      const outliving = async () => {
        began.resolve();
        await isOver.promise;
        return await cache.getOrSet(third, () => 'not asked');
      };
      later.push(cache.getOrSet(newKey(), outliving));
      await began.promise;
      return 'Linz';
    });
    isOver.resolve();
    expect(await Promise.all(later)).toEqual(['Wien', 'Graz', 'Linz']);
  },

  'is never asked for a caller who has left': async ({ open }) => {
    const cache = await open();
    const signal = AbortSignal.abort(new Error('gone'));
    let asked = 0;
    const load = () => {
      asked++;
      return [''];
    };
    await expect(cache.getOrSetMany([newKey()], load, { signal })).rejects.toThrow('gone');
    await expect(cache.getOrSet(newKey(), () => load().join(''), { signal })).rejects.toThrow('gone');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toBe(0);
  },
};
