import { setTimeout as sleep } from 'node:timers/promises';
import { type Lock, LockLostError } from '@keyslot/lock';
import { expect } from 'vitest';
import { newResource } from '../resources.ts';
import type { Behaviours } from './behaviours.ts';

export const holding: Behaviours = {
  'keeps it for longer than its ttl, until it is released': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const lock = await one.acquire(resource, { ttl: 600 });
    await sleep(1_500);
    expect(lock.isHeld).toBe(true);
    lock.assertHeld();
    expect(await two.tryAcquire(resource)).toBeUndefined();
    expect(await lock.release()).toEqual({ outcome: 'released' });
    expect(lock.signal.aborted).toBe(false);
  },

  'is told that it is lost when it is not renewed, before another has it': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const lock = await one.acquire(resource, { ttl: 300, renew: false });
    expect(lock.leftMs).toBeGreaterThan(0);
    let lostAt = Number.POSITIVE_INFINITY;
    lock.signal.addEventListener('abort', () => {
      lostAt = performance.now();
    });
    const next = await two.acquire(resource);
    expect(lostAt).toBeLessThanOrEqual(performance.now());
    expect(next.fencing).toBeGreaterThan(lock.fencing);
    expect(lock.signal.reason).toBeInstanceOf(LockLostError);
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'expired' });
    expect([lock.isHeld, lock.leftMs]).toEqual([false, 0]);
    expect(() => lock.assertHeld()).toThrow(LockLostError);
    await expect(lock.extend()).rejects.toThrow(LockLostError);
    expect(await lock.release()).toEqual({ outcome: 'lost' });
    expect(next.isHeld).toBe(true);
    await next.release();
  },

  'knows by the clock that it is lost, also where the event loop stood still': async ({ open }) => {
    const locks = await open();
    await using lock = await locks.acquire(newResource(), { ttl: 150 });
    const end = performance.now() + 200;
    while (performance.now() < end);
    expect(() => lock.assertHeld()).toThrow(LockLostError);
    expect(lock.signal.aborted).toBe(true);
  },

  'holds it for longer when it asks for that': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    await using lock = await one.acquire(resource, { ttl: 500, renew: false });
    await lock.extend('5s');
    expect(lock.leftMs).toBeGreaterThan(2_000);
    await lock.extend(100);
    await sleep(700);
    expect(lock.isHeld).toBe(true);
    expect(await two.tryAcquire(resource)).toBeUndefined();
  },

  'releases it once, and holds it no more from then on': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const lock = await one.acquire(resource);
    const first = lock.release();
    expect(lock.isHeld).toBe(false);
    expect(() => lock.assertHeld()).toThrow('it was released');
    expect(await first).toEqual({ outcome: 'released' });
    const next = await two.acquire(resource);
    expect(await lock.release()).toEqual({ outcome: 'released' });
    expect(await one.tryAcquire(resource)).toBeUndefined();
    await next.release();
  },

  'gives it back at the end of the block, and of the work': async ({ open }) => {
    const locks = await open();
    const resource = newResource();
    {
      await using lock = await locks.acquire(resource);
      expect(lock.isHeld).toBe(true);
    }
    await expect(
      locks.using(resource, { wait: 0 }, () => {
        throw new Error('mine');
      }),
    ).rejects.toThrow('mine');
    expect(await locks.using(resource, { wait: 0 }, async ({ fencing }) => fencing)).toBeGreaterThan(0);
    await (await locks.tryAcquire(resource))?.release();
  },

  'learns from `using` that it was lost during the work': async ({ open }) => {
    const locks = await open();
    const work = locks.using(newResource(), { ttl: 120, renew: false }, () => sleep(200, 'done'));
    await expect(work).rejects.toMatchObject({ code: 'LOCK_LOST', reason: 'expired' });
  },

  'learns from `using` that the work released it itself, and from there on was not guarded': async ({
    open,
  }) => {
    const locks = await open();
    const work = locks.using(newResource(), (lock) => lock.release());
    await expect(work).rejects.toMatchObject({ code: 'LOCK_LOST', reason: 'released' });
  },

  'loses it when its locks are closed': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const lock = await one.acquire(resource);
    const waiting: Promise<Lock> = one.acquire(resource);
    waiting.catch(() => {});
    await sleep(50);
    await one.close();
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'closed' });
    await expect(waiting).rejects.toMatchObject({ code: 'LOCK_CLOSED' });
    await expect(one.acquire(resource)).rejects.toMatchObject({ code: 'LOCK_CLOSED' });
    await expect(one.tryAcquire(resource)).rejects.toMatchObject({ code: 'LOCK_CLOSED' });
    const next = await two.tryAcquire(resource);
    expect(next?.isHeld).toBe(true);
    await next?.release();
  },
};
