import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock } from '@keyslot/lock';
import { expect } from 'vitest';
import { newResource } from '../resources.ts';
import type { Behaviours } from './behaviours.ts';

export const waiting: Behaviours = {
  'gets the lock when it is released': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const lock = await one.acquire(resource);
    const next = two.acquire(resource);
    await sleep(150);
    const at = performance.now();
    await lock.release();
    await using _ = await next;
    expect(performance.now() - at).toBeLessThan(400);
  },

  'gets it in the order of asking': async ({ open }) => {
    const all = [await open(), await open(), await open()];
    const resource = newResource();
    const first = await all[0]?.acquire(resource);
    const order: number[] = [];
    const asked: Promise<void>[] = [];
    for (let i = 0; i < 12; i++) {
      const locks = all[i % 3];
      if (locks === undefined) throw new Error('there are three');
      asked.push(locks.using(resource, {}, () => void order.push(i)));
      await sleep(20);
    }
    await first?.release();
    await Promise.all(asked);
    expect(order).toEqual(Array.from({ length: 12 }, (_, i) => i));
  },

  'is not overtaken by one who asks once': async ({ open }) => {
    const [one, two, three] = [await open(), await open(), await open()];
    const resource = newResource();
    const lock = await one.acquire(resource);
    const next = two.acquire(resource);
    await sleep(50);
    const release = lock.release();
    expect(await three.tryAcquire(resource)).toBeUndefined();
    await release;
    await (await next).release();
  },

  'gets it when the lease of a holder that has died is over': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    await one.acquire(resource, { ttl: 300, renew: false });
    const at = performance.now();
    await using lock = await two.acquire(resource);
    expect(performance.now() - at).toBeLessThan(2_000);
    expect(lock.isHeld).toBe(true);
  },

  'gives its place back when it has waited long enough, or is told to': async ({ open, remembered }) => {
    const [one, two, three] = [await open(), await open(), await open()];
    const before = await remembered();
    const resource = newResource();
    const lock = await one.acquire(resource);
    const controller = new AbortController();
    const impatient = two.acquire(resource, { wait: 60 });
    const aborted = two.acquire(resource, { signal: controller.signal });
    const patient = three.acquire(resource);
    await expect(impatient).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(aborted).rejects.toMatchObject({ code: 'CLUSTER_ABORTED', executed: 'no', cause: reason });
    const late = two.acquire(resource, { signal: controller.signal });
    await expect(late).rejects.toMatchObject({ code: 'CLUSTER_ABORTED', cause: reason });
    const once = two.tryAcquire(resource, { signal: controller.signal });
    await expect(once).rejects.toMatchObject({ code: 'CLUSTER_ABORTED', cause: reason });
    const all = two.acquireAll([newResource(), resource], { signal: controller.signal });
    await expect(all).rejects.toMatchObject({ code: 'CLUSTER_ABORTED', cause: reason });
    await sleep(50);
    const at = performance.now();
    await lock.release();
    const next: Lock = await patient;
    // No place is kept for those who left: that would take half a second each.
    expect(performance.now() - at).toBeLessThan(300);
    await next.release();
    await expect.poll(remembered).toBe(before);
  },
};
