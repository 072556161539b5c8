import { CacheClosedError } from '@keyslot/cache';
import { expect } from 'vitest';
import { newKey } from '../fixtures.ts';
import type { Behaviours } from './behaviours.ts';
import { GatedLoader } from './gated.ts';

export const closing: Behaviours = {
  'refuses everything, also what it had in memory': async ({ open }) => {
    const cache = await open();
    const [key, loader] = [newKey(), new GatedLoader<string>()];
    await cache.getOrSet(key, () => 'Wien');
    await cache.close();
    await cache.close();
    const refused = [
      () => cache.ready(),
      () => cache.getOrSet(key, loader.load),
      () => cache.get(key),
      () => cache.set(key, 'Graz'),
      () => cache.delete(key),
    ];
    for (const call of refused) await expect(call()).rejects.toBeInstanceOf(CacheClosedError);
    expect(loader.loads).toBe(0);
  },

  'is waited for by nobody any more': async ({ open }) => {
    const cache = await open();
    const waiting = cache.ready('10m');
    await cache.close();
    await expect(waiting).rejects.toBeInstanceOf(CacheClosedError);
  },

  'answers what was under way, and others go on': async ({ open }) => {
    const [closed, other] = [await open(), await open()];
    const [key, loader] = [newKey(), new GatedLoader<string>()];
    const read = closed.getOrSet(key, loader.load);
    await loader.underWay;
    await closed.close();
    loader.answer('Wien');
    expect(await read).toBe('Wien');
    expect(await other.get(key)).toBe('Wien');
  },
};
