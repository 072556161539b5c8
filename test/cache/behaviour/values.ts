import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnencodableValueError } from '@keyslot/cache';
import { key as template } from '@keyslot/keys';
import { expect } from 'vitest';
import { newKey } from '../fixtures.ts';
import { problemsDuring } from '../watching.ts';
import type { Behaviours } from './behaviours.ts';

const anything = template('test:anything:{<id>}').holds<unknown>();

export const values: Behaviours = {
  'is read as it was written, by another cache': async ({ open }) => {
    const [one, two] = [await open(), await open({ local: false })];
    const value = { at: new Date(7), tags: new Map([['a', new Set([1n])]]), bytes: Buffer.from('b'), no: -0 };
    const [set, loaded] = [anything({ id: randomUUID() }), anything({ id: randomUUID() })];
    expect(await one.set(set, value)).toEqual({ outcome: 'stored' });
    expect(await one.getOrSet(loaded, () => value)).toEqual(value);
    expect(await two.get(set)).toEqual(value);
    expect(await two.get(loaded)).toEqual(value);
  },

  'that is null is kept, and told from a miss': async ({ open }) => {
    const cache = await open({ local: false });
    const [kept, missed] = [newKey(), newKey()];
    expect(await cache.getOrSet(kept, () => null)).toBeNull();
    expect(await cache.getOrSet(kept, () => 'not asked')).toBeNull();
    expect([await cache.get(kept), await cache.get(missed)]).toEqual([null, undefined]);
  },

  'that is undefined is refused, and nothing is kept': async ({ open }) => {
    const cache = await open();
    const key = newKey();
    const loaded = cache.getOrSet(key, () => undefined as unknown as string);
    await expect(loaded).rejects.toBeInstanceOf(UnencodableValueError);
    const set = cache.set(key, undefined as unknown as string);
    await expect(set).rejects.toBeInstanceOf(UnencodableValueError);
    expect(await cache.get(key)).toBeUndefined();
    expect(await cache.getOrSet(key, () => 'Wien')).toBe('Wien');
  },

  'is gone when its time is up': async ({ open }) => {
    const cache = await open({ ttl: '10m', jitter: 0 });
    const [brief, set, long] = [newKey(), newKey(), newKey()];
    await cache.getOrSet(brief, () => 'Wien', { ttl: '150ms' });
    await cache.set(set, 'Wien', { ttl: '150ms' });
    await cache.getOrSet(long, () => 'Wien');
    await sleep(200);
    expect([await cache.get(brief), await cache.get(set)]).toEqual([undefined, undefined]);
    expect(await cache.getOrSet(brief, () => 'Graz')).toBe('Graz');
    expect(await cache.get(long)).toBe('Wien');
  },

  'that cannot be decoded is a miss, is reported, and heals': async ({ open, put }) => {
    const [cache, other] = [await open(), await open({ local: false })];
    for (const bytes of ['', 'V', 'something else', `V${'0'.repeat(16)}\u0002 cut off`]) {
      const key = newKey();
      await put(key, Buffer.from(bytes));
      const problems = await problemsDuring(async () => {
        expect(await cache.getOrSet(key, () => 'Wien')).toBe('Wien');
      });
      expect(problems).toEqual([expect.objectContaining({ what: 'undecodable', template: key.template })]);
      expect(await other.get(key)).toBe('Wien');
    }
  },

  'belongs to its namespace': async ({ open }) => {
    const [one, two] = [await open({ namespace: 'one' }), await open({ namespace: 'two' })];
    const key = newKey();
    await one.set(key, 'Wien');
    expect([await one.get(key), await two.get(key)]).toEqual(['Wien', undefined]);
    await two.delete(key);
    expect(await one.get(key)).toBe('Wien');
  },
};
