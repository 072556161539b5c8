import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { newResource } from '../resources.ts';
import type { Behaviours } from './behaviours.ts';

const shared = { mode: 'shared' } as const;

export const sharing: Behaviours = {
  'holds a lock with others who share it, and with nobody who wants it alone': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const readers = [
      await one.acquire(resource, shared),
      await two.acquire(resource, { ...shared, wait: 0 }),
    ];
    expect(readers.map(({ isHeld }) => isHeld)).toEqual([true, true]);
    expect(await two.tryAcquire(resource)).toBeUndefined();
    await readers[0]?.release();
    expect(await two.tryAcquire(resource)).toBeUndefined();
    await readers[1]?.release();
    await using writer = await two.tryAcquire(resource);
    expect(writer?.isHeld).toBe(true);
    expect(await one.tryAcquire(resource, shared)).toBeUndefined();
  },

  'does not overtake one who wants it alone': async ({ open }) => {
    const [one, two, three] = [await open(), await open(), await open()];
    const resource = newResource();
    const reader = await one.acquire(resource, shared);
    const order: string[] = [];
    const writer = two.using(resource, {}, () => void order.push('writer'));
    await sleep(30);
    const others = [1, 2, 3].map(() => three.using(resource, shared, () => void order.push('reader')));
    await sleep(30);
    expect(order).toEqual([]);
    await reader.release();
    await Promise.all([writer, ...others]);
    expect(order).toEqual(['writer', 'reader', 'reader', 'reader']);
  },

  'is let in with all who wait beside it at once': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const writer = await one.acquire(resource);
    let inside = 0;
    const all = Array.from({ length: 8 }, () =>
      two.using(resource, shared, async () => {
        inside++;
        await expect.poll(() => inside).toBe(8);
      }),
    );
    await sleep(50);
    await writer.release();
    await Promise.all(all);
  },

  'a semaphore holds one permit of those that there are': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const name = newResource();
    const [here, there] = [one.semaphore(name, { permits: 3 }), two.semaphore(name, { permits: 3 })];
    let [inside, most] = [0, 0];
    const work = async () => {
      most = Math.max(most, ++inside);
      await sleep(5);
      inside--;
    };
    await Promise.all(Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? here : there).using({}, work)));
    expect(most).toBe(3);
    const permits = [await here.acquire(), await there.acquire(), await here.tryAcquire()];
    expect(new Set(permits.map((permit) => permit?.fencing)).size).toBe(3);
    expect(await there.tryAcquire()).toBeUndefined();
    await expect(there.acquire({ wait: 50 })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    for (const permit of permits) await permit?.release();
  },

  'a semaphore gives the permit of one who has died to another': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const name = newResource();
    const [here, there] = [one.semaphore(name, { permits: 2 }), two.semaphore(name, { permits: 2 })];
    await here.acquire({ ttl: 800, renew: false });
    await using _ = await here.acquire();
    expect(await there.tryAcquire()).toBeUndefined();
    await using permit = await there.acquire({ wait: '5s' });
    expect(permit.isHeld).toBe(true);
  },
};
