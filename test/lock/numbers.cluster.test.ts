import type { TestCluster } from '@keyslot/testkit';
import { describe, expect } from 'vitest';
import { test } from './fixtures.ts';
import { lockKey, newResource } from './resources.ts';

const CYCLES = 10_000;

async function keysOf(cluster: TestCluster): Promise<number> {
  const sizes = await Promise.all(cluster.primaries.map(({ admin }) => admin.dbsize()));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The server's time, in microseconds. */
async function timeOf(cluster: TestCluster, resource: string): Promise<number> {
  const [seconds = 0, micros = 0] = (await cluster.primaryOf(lockKey(resource)).admin.time()).map(Number);
  return seconds * 1e6 + micros;
}

/** Has a lock's last number be ahead of the server's clock, as after that was set back. */
async function aheadBy(cluster: TestCluster, resource: string, ms: number): Promise<number> {
  const number = (await timeOf(cluster, resource)) + ms * 1_000;
  const script = `return redis.call('SET', KEYS[1], cmsgpack.pack({ tonumber(ARGV[1]), {}, {} }), 'PX', ARGV[2])`;
  await cluster.primaryOf(lockKey(resource)).admin.eval(script, 1, lockKey(resource), number, ms);
  return number;
}

describe('a lock', () => {
  test(`leaves no key after ${CYCLES} cycles, and has no number twice`, async ({ cluster, open }) => {
    const [one, two] = [await open(), await open()];
    const resources = Array.from({ length: 64 }, newResource);
    const before = await keysOf(cluster);
    const numbers = new Map(resources.map((resource) => [resource, [] as number[]]));
    let left = CYCLES;
    const cycle = async (resource: string) => {
      for (let i = 0; left-- > 0; i++) {
        const lock = await (i % 2 === 0 ? one : two).acquire(resource);
        numbers.get(resource)?.push(lock.fencing);
        await lock.release();
      }
    };
    await Promise.all(resources.map(cycle));
    expect(await keysOf(cluster)).toBe(before);
    const all = [...numbers.values()];
    expect(all.reduce((sum, { length }) => sum + length, 0)).toBe(CYCLES);
    for (const each of all) expect(each).toEqual([...new Set(each)].toSorted((a, b) => a - b));
  });

  test('has a number that is the time of the server', async ({ cluster, open }) => {
    const locks = await open();
    const resource = newResource();
    const before = await timeOf(cluster, resource);
    await using lock = await locks.acquire(resource);
    expect(lock.fencing).toBeGreaterThanOrEqual(before);
    expect(lock.fencing).toBeLessThanOrEqual(await timeOf(cluster, resource));
  });

  test('has larger numbers also after the server was set back, released or not', async ({
    cluster,
    open,
  }) => {
    const locks = await open();
    const resource = newResource();
    const ahead = await aheadBy(cluster, resource, 3_000);
    for (let i = 1; i <= 3; i++) {
      const lock = await locks.acquire(resource);
      expect(lock.fencing).toBe(ahead + i);
      await lock.release();
    }
    // Then the clock has passed it, and the key is gone by itself.
    const { admin } = cluster.primaryOf(lockKey(resource));
    expect(await admin.pttl(lockKey(resource))).toBeGreaterThan(0);
    expect(await admin.pttl(lockKey(resource))).toBeLessThan(3_100);
    await expect.poll(() => admin.exists(lockKey(resource)), { timeout: 10_000 }).toBe(0);
    await using lock = await locks.acquire(resource);
    expect(lock.fencing).toBeGreaterThan(ahead + 3);
  });

  test('has its number remembered for as long as is asked for', async ({ cluster, open }) => {
    const locks = await open({ keepNumber: '5s' });
    const resource = newResource();
    await locks.using(resource, {}, () => {});
    const { admin } = cluster.primaryOf(lockKey(resource));
    const left = await admin.pttl(lockKey(resource));
    expect(left).toBeGreaterThan(2_000);
    expect(left).toBeLessThanOrEqual(5_001);
    await admin.del(lockKey(resource));
  });
});
