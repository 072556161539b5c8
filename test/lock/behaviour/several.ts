import { LockLostError } from '@keyslot/lock';
import { expect } from 'vitest';
import { newResource } from '../resources.ts';
import type { Behaviours } from './behaviours.ts';

export const several: Behaviours = {
  'are taken all or none': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const [a, b, c] = [newResource(), newResource(), newResource()];
    const last = [a, b, c].toSorted().at(-1) ?? c;
    const lock = await one.acquire(last);
    const refused = two.acquireAll([a, b, c], { wait: 100 });
    const refusedAt = [a, b, c].indexOf(last);
    await expect(refused).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', waitMs: 100, refusedAt });
    const once = two.acquireAll([last, a, b, c], { wait: 0 });
    await expect(once).rejects.toThrow('"lock:{<resource>}" (resources[0]) is locked by somebody else');
    await lock.release();
    for (const each of [a, b, c]) await (await one.acquire(each, { wait: 0 })).release();

    await using group = await two.acquireAll([c, a, b, a], { wait: 0 });
    expect(group.locks.map(({ fencing }) => fencing > 0)).toEqual([true, true, true, true]);
    expect(group.locks[1]).toBe(group.locks[3]);
    group.assertHeld();
    for (const each of [a, b, c]) expect(await one.tryAcquire(each)).toBeUndefined();
    expect(await group.release()).toEqual({ outcome: 'released' });
    for (const each of [a, b, c]) await (await one.acquire(each, { wait: 0 })).release();
  },

  'never wait for each other, in whichever order they are named': async ({ open }) => {
    const all = [await open(), await open(), await open()];
    const resources = Array.from({ length: 4 }, newResource);
    const inside = new Map<string, number>();
    const rounds = Array.from({ length: 30 }, async (_, i) => {
      const chosen = resources.toSorted(() => Math.random() - 0.5).slice(0, 2 + (i % 3));
      const group = await all[i % 3]?.acquireAll(chosen, { wait: '30s' });
      for (const each of chosen) {
        expect(inside.get(each) ?? 0).toBe(0);
        inside.set(each, 1);
      }
      await new Promise(setImmediate);
      for (const each of chosen) inside.set(each, 0);
      await group?.release();
    });
    await Promise.all(rounds);
  },

  'end when one of them is lost': async ({ open }) => {
    const locks = await open();
    await using group = await locks.acquireAll([newResource(), newResource()], { ttl: 150, renew: false });
    await expect.poll(() => group.signal.aborted).toBe(true);
    expect(() => group.assertHeld()).toThrow(LockLostError);
    expect(await group.release()).toEqual({ outcome: 'lost' });
  },

  'are not waited for with one that was lost meanwhile': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const [a, b] = [newResource(), newResource()].toSorted();
    if (a === undefined || b === undefined) throw new Error('there are two');
    await using _ = await one.acquire(b);
    const refused = two.acquireAll([a, b], { ttl: 150, renew: false, wait: '20s' });
    await expect(refused).rejects.toMatchObject({ code: 'LOCK_LOST' });
  },

  'are not waited for when their caller has lost something else': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const [a, b] = [newResource(), newResource()];
    await using _ = await one.acquire(b);
    const { signal } = await two.acquire(newResource(), { ttl: 150, renew: false });
    const ended = two.acquireAll([a, b], { signal, wait: '20s' });
    await expect(ended).rejects.toMatchObject({ code: 'CLUSTER_ABORTED', cause: { code: 'LOCK_LOST' } });
    expect((await one.tryAcquire(a))?.isHeld).toBe(true);
  },

  'are one at least': async ({ open }) => {
    await expect((await open()).acquireAll([])).rejects.toMatchObject({ code: 'LOCK_INVALID_RESOURCE' });
  },
};
