import { key } from '@keyslot/keys';
import { InvalidResourceError, LockTimeoutError } from '@keyslot/lock';
import { expect } from 'vitest';
import { newResource } from '../resources.ts';
import type { Behaviours } from './behaviours.ts';

const orders = key('orders:{order:<id>}');

export const exclusive: Behaviours = {
  'is held by one, in one process and in several': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const lock = await one.acquire(resource);
    expect([await one.tryAcquire(resource), await two.tryAcquire(resource)]).toEqual([undefined, undefined]);
    expect(await lock.release()).toEqual({ outcome: 'released' });
    const next = await two.tryAcquire(resource);
    expect(next?.isHeld).toBe(true);
    await next?.release();
  },

  'says after `wait` that others held it': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    await using _ = await one.acquire(resource);
    const refused = two.acquire(resource, { wait: 120 });
    await expect(refused).rejects.toThrow(LockTimeoutError);
    await expect(refused).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      template: 'lock:{<resource>}',
      waitMs: 120,
      refusedAt: undefined,
    });
    await expect(refused).rejects.toThrow('for all of the 120 ms');
    const once = two.acquire(resource, { wait: 0 });
    await expect(once).rejects.toThrow(LockTimeoutError);
    await expect(once).rejects.toThrow('with `wait: 0` it was asked for once');
  },

  'has a larger number each time, whoever takes it and however it ended': async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const numbers: number[] = [];
    for (let round = 0; round < 30; round++) {
      const lock = await (round % 2 === 0 ? one : two).acquire(resource, { ttl: 100, renew: false });
      numbers.push(lock.fencing);
      // Now and then it is left to its end.
      if (round % 10 !== 5) await lock.release();
    }
    expect(numbers.every(Number.isSafeInteger)).toBe(true);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  },

  'leaves nothing behind when it is released': async ({ open, remembered }) => {
    const locks = await open();
    const before = await remembered();
    await Promise.all(Array.from({ length: 50 }, () => locks.using(newResource(), {}, () => {})));
    // In memory it takes until the clock has passed the number: a millisecond.
    await expect.poll(remembered).toBe(before);
  },

  'is of a name, or of a key with its template, and these are different': async ({ open }) => {
    const locks = await open();
    const id = newResource();
    await using byName = await locks.acquire(`orders:{order:${id}}`);
    await using byKey = await locks.acquire(orders({ id }), { wait: 0 });
    expect([byName.template, byKey.template]).toEqual(['lock:{<resource>}', 'orders:{order:<id>}']);
    await expect(locks.acquire(orders({ id }), { wait: 0 })).rejects.toThrow('"orders:{order:<id>}"');
    await using semaphore = await locks.semaphore(orders({ id }), { permits: 1 }).acquire({ wait: 0 });
    expect(semaphore.isHeld).toBe(true);
  },

  'of another namespace is another lock': async ({ open }) => {
    const [one, two] = [await open(), await open({ namespace: 'shop' })];
    const resource = newResource();
    await using _ = await one.acquire(resource);
    await using other = await two.tryAcquire(resource);
    expect(other?.isHeld).toBe(true);
  },

  'is refused where it has no name, or an option is wrong': async ({ open }) => {
    const locks = await open();
    const names = ['', 'x'.repeat(1_001), 7, null, {}];
    for (const name of names)
      await expect(locks.acquire(name as string)).rejects.toThrow(InvalidResourceError);
    const wrong = [{ ttl: 99 }, { ttl: '2d' }, { wait: -1 }, { mode: 'other' }, { ttl: Number.NaN }] as const;
    for (const options of wrong)
      await expect(locks.acquire('x', options as object)).rejects.toMatchObject({
        code: 'KERNEL_INVALID_OPTION',
        option: Object.keys(options)[0],
      });
    for (const permits of [0, 1.5, 1_001]) expect(() => locks.semaphore('x', { permits })).toThrow('permits');
  },
};
