import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { newKey } from '../fixtures.ts';
import type { Behaviours, Store } from './behaviours.ts';
import { GatedLoader } from './gated.ts';

const GRACE = { local: false, jitter: 0, earlyRefresh: 0, ttl: '20ms', grace: '1m' } as const;
const untilStale = () => sleep(30);

/** A key whose refresh is under way for a value that was expired since: it comes too late. */
async function supersededRefresh(open: Store['open']) {
  const caches = [await open(GRACE), await open(GRACE), await open(GRACE)] as const;
  const [key, late, next] = [newKey(), new GatedLoader<string>(), new GatedLoader<string>()];
  await caches[0].set(key, 'old');
  await untilStale();
  await caches[0].getOrSet(key, late.load);
  await late.underWay;
  await caches[2].expire(key);
  expect(await caches[1].getOrSet(key, next.load)).toBe('old');
  return { caches, key, late, next };
}

export const refreshes: Behaviours = {
  'is waited for by whoever wants that, also beside those who do not': async ({ open }) => {
    const cache = await open(GRACE);
    const [key, loader] = [newKey(), new GatedLoader<string>()];
    await cache.set(key, 'old');
    await untilStale();
    // One after the other, in the same tick: the second finds the first under way.
    const left = cache.getOrSet(key, loader.load);
    const waited = cache.getOrSet(key, loader.load, { refresh: 'blocking', ttl: '1m' });
    expect(await left).toBe('old');
    await loader.underWay;
    // And one who comes while it is loaded behind the first one's back.
    const later = cache.getOrSet(key, loader.load, { refresh: 'blocking', ttl: '1m' });
    await sleep(30);
    loader.answer('new');
    expect(await Promise.all([waited, later])).toEqual(['new', 'new']);
    expect(loader.loads).toBe(1);
  },

  'that comes too late keeps nobody from the next one': async ({ open }) => {
    const { caches, key, late, next } = await supersededRefresh(open);
    await next.underWay;
    next.answer('new');
    await expect.poll(() => caches[2].getOrSet(key, () => 'newer')).not.toBe('old');
    late.answer('too late');
    await sleep(30);
    expect(await caches[2].getOrSet(key, () => 'newer')).not.toBe('too late');
  },

  'that comes too late leaves the claim to whoever has it by then': async ({ open }) => {
    for (const ends of ['value', 'error'] as const) {
      const { caches, key, late, next } = await supersededRefresh(open);
      await next.underWay;
      if (ends === 'value') late.answer('too late');
      else late.fail(new Error('too late'));
      await sleep(30);
      const third = new GatedLoader<string>();
      // A reader who waits finds that somebody loads, and gets what that one has loaded.
      const waiting = caches[2].getOrSet(key, third.load, { refresh: 'blocking', ttl: '1m' });
      await sleep(30);
      next.answer('new');
      expect(await waiting).toBe('new');
      expect(third.loads).toBe(0);
    }
  },

  'behind a batch neither holds up nor fails those who wait for the missing ones': async ({ open }) => {
    const cache = await open(GRACE);
    const [missing, stale] = [newKey(), newKey()];
    await cache.set(stale, 'old');
    await untilStale();
    const behind = new GatedLoader<string[]>();
    const asked: string[][] = [];
    const outcomes = await cache.getOrSetMany([missing, stale], (keys) => {
      asked.push(keys.map(({ text }) => text));
      return keys.includes(stale) ? behind.load() : keys.map(() => 'loaded');
    });
    expect(outcomes).toMatchObject([
      { outcome: 'answered', value: 'loaded' },
      { outcome: 'answered', value: 'old', source: 'stale' },
    ]);
    await behind.underWay;
    behind.answer(['new']);
    expect(asked.toSorted((a) => (a[0] === missing.text ? -1 : 1))).toEqual([[missing.text], [stale.text]]);
    await expect.poll(async () => (await cache.lookup(stale, () => 'newest')).value).not.toBe('old');
  },

  'that failed keeps nobody from loading for what changed since': async ({ open }) => {
    const cache = await open(GRACE);
    const key = newKey();
    await cache.set(key, 'old');
    await untilStale();
    const fails = () => Promise.reject(new Error('not now'));
    const wait = { refresh: 'blocking', ttl: '1m' } as const;
    expect(await cache.getOrSet(key, fails, wait)).toBe('old');
    expect(await cache.getOrSet(key, () => 'too soon', wait)).toBe('old');
    await cache.expire(key);
    expect(await cache.getOrSet(key, () => 'new', wait)).toBe('new');
  },
};
