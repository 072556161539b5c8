import { setTimeout as sleep } from 'node:timers/promises';
import { LoaderFailedError } from '@keyslot/cache';
import type { Clock } from '@keyslot/kernel';
import { expect } from 'vitest';
import { newKey } from '../fixtures.ts';
import { wayOf } from '../watching.ts';
import type { Behaviours } from './behaviours.ts';
import { GatedLoader } from './gated.ts';

/** Nobody who sleeps by it wakes up: whoever goes on was called. */
const asleep: Clock = {
  monotonic: () => performance.now(),
  now: Date.now,
  sleep: (_, signal) =>
    new Promise((_resolve, reject) => {
      const end = () => reject(signal?.reason);
      if (signal?.aborted === true) end();
      signal?.addEventListener('abort', end, { once: true });
    }),
};

export const loads: Behaviours = {
  'happens on a miss, and is kept for the next one': async ({ open }) => {
    const cache = await open({ local: false });
    const key = newKey();
    const loading = await wayOf(() => cache.getOrSet(key, () => 'Wien'));
    expect(loading).toEqual(expect.arrayContaining(['loader:loaded', 'fill:filled']));
    expect(await wayOf(() => cache.getOrSet(key, () => 'not asked'))).toEqual(['local:miss', 'cluster:hit']);
    expect(await cache.get(key)).toBe('Wien');
  },

  'is one for each version of a value that is asked for at once': async ({ open }) => {
    const cache = await open();
    const [key, one, two] = [newKey(), new GatedLoader<string>(), new GatedLoader<string>()];
    const reads = [one, one, two, two].map((loader, i) =>
      cache.lookup(key, loader.load, i < 2 ? {} : { version: 2 }),
    );
    await one.underWay;
    one.answer('first');
    await two.underWay;
    two.answer('second');
    const answers = await Promise.all(reads);
    expect(answers.map(({ value }) => value)).toEqual(['first', 'first', 'second', 'second']);
    expect([one.loads, two.loads]).toEqual([1, 1]);
  },

  'is one for each version of a value that is loaded anew by those who wait for it': async ({ open }) => {
    const cache = await open({ refresh: 'blocking', grace: '10m', jitter: 0, local: false });
    const [key, one, two] = [newKey(), new GatedLoader<string>(), new GatedLoader<string>()];
    await cache.getOrSet(key, () => 'old', { ttl: 1 });
    await sleep(20);
    const first = cache.getOrSet(key, one.load);
    await one.underWay;
    const second = cache.getOrSet(key, two.load, { version: 2 });
    await two.underWay;
    two.answer('second');
    one.answer('first');
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
  },

  'is joined by nobody whose options are wrong': async ({ open }) => {
    const cache = await open();
    const [key, loader] = [newKey(), new GatedLoader<string>()];
    const read = cache.getOrSet(key, loader.load);
    await loader.underWay;
    const wrong = cache.getOrSet(key, loader.load, { jitter: 2 });
    await expect(wrong).rejects.toMatchObject({ code: 'KERNEL_INVALID_OPTION' });
    loader.answer('Wien');
    expect(await read).toBe('Wien');
  },

  'is one for all who ask at once, in several caches': async ({ open }) => {
    const caches = [await open(), await open(), await open()];
    const [key, loader] = [newKey(), new GatedLoader<string>()];
    const reads = caches.flatMap((cache) =>
      Array.from({ length: 50 }, () => cache.getOrSet(key, loader.load)),
    );
    await loader.underWay;
    await sleep(30);
    loader.answer('Wien');
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['Wien']));
    expect(loader.loads).toBe(1);
  },

  'that takes longer than the lease is still one': async ({ open }) => {
    const [one, two] = [await open({ lease: '150ms' }), await open({ lease: '150ms' })];
    const [key, loader] = [newKey(), new GatedLoader<string>()];
    const reads = [one.getOrSet(key, loader.load)];
    await loader.underWay;
    reads.push(two.getOrSet(key, loader.load));
    await sleep(500);
    loader.answer('Wien');
    expect(await Promise.all(reads)).toEqual(['Wien', 'Wien']);
    expect(loader.loads).toBe(1);
  },

  'that ends calls those who wait in another cache': async ({ open }) => {
    const [one, two] = [await open(), await open({ clock: asleep })];
    const [key, loader] = [newKey(), new GatedLoader<string>()];
    const loading = one.getOrSet(key, loader.load);
    await loader.underWay;
    const waiting = wayOf(() => two.getOrSet(key, () => 'not asked'));
    await sleep(100);
    loader.answer('Wien');
    expect(await waiting).toEqual(expect.arrayContaining(['cluster:leased', 'lease:hit']));
    expect([await loading, await two.get(key)]).toEqual(['Wien', 'Wien']);
  },

  'that fails, fails for all who share it, and is not kept': async ({ open }) => {
    const cache = await open({ lease: '60s' });
    const [key, loader, cause] = [newKey(), new GatedLoader<string>(), new Error('no database')];
    const reads = Array.from({ length: 20 }, () => cache.getOrSet(key, loader.load));
    const outcomes = Promise.allSettled(reads);
    await loader.underWay;
    loader.fail(cause);
    for (const outcome of await outcomes) {
      const reason: unknown = outcome.status === 'rejected' ? outcome.reason : outcome.value;
      expect(reason).toBeInstanceOf(LoaderFailedError);
      expect(reason).toMatchObject({ cause });
    }
    expect(loader.loads).toBe(1);
    expect(await cache.get(key)).toBeUndefined();
    // Its lease is given back: the next one need not wait for it.
    expect(await wayOf(() => cache.getOrSet(key, () => 'Wien'))).toContain('lease:leader');
  },

  'is not begun for an option that is wrong': async ({ open }) => {
    const cache = await open();
    const [key, loader] = [newKey(), new GatedLoader<string>()];
    await expect(cache.getOrSet(key, loader.load, { ttl: -1 })).rejects.toMatchObject({ option: 'ttl' });
    expect(loader.loads).toBe(0);
  },
};
