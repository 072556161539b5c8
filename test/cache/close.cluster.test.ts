import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cache, CacheClosedError } from '@keyslot/cache';
import { describe, expect } from 'vitest';
import { newKey, test } from './fixtures.ts';
import { invalidationsDuring } from './watching.ts';

/** How the program ends, and how long it takes from the moment when it has closed everything. */
async function endOf(ports: readonly number[]) {
  const program = new URL('programs/closes.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--conditions=@keyslot/source', program, ...ports.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stuck = setTimeout(() => child.kill('SIGKILL'), 20_000);
  let closedAt = Number.NaN;
  child.stdout.once('data', () => {
    closedAt = performance.now();
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(stuck);
  return { code, signal, afterMs: performance.now() - closedAt };
}

describe('a cache that was closed', () => {
  test('rejects every call', async ({ open }) => {
    const cache = await open();
    const key = newKey();
    await cache.set(key, 'Wien');
    await cache.getOrSet(key, () => 'Wien');
    await cache.close();
    await cache.close();
    for (const call of [
      cache.getOrSet(key, () => 'not asked'),
      cache.get(key),
      cache.set(key, 'Graz'),
      cache.delete(key),
      cache.ready(),
    ]) {
      await expect(call).rejects.toBeInstanceOf(CacheClosedError);
    }
  });

  test('answers what was under way, and gives its lease back', async ({ cluster, open }) => {
    const cache = await open();
    const [good, bad] = [newKey(), newKey()];
    const answers = Promise.allSettled([
      cache.getOrSet(good, () => sleep(100, 'Wien')),
      cache.getOrSet(bad, () => sleep(100).then(() => Promise.reject(new Error('no')))),
    ]);
    await sleep(50);
    await cache.close();
    expect(await answers).toMatchObject([
      { status: 'fulfilled', value: 'Wien' },
      { status: 'rejected', reason: { code: 'CACHE_LOADER_FAILED' } },
    ]);
    expect(await cluster.primaryOf(bad).admin.exists(bad.text)).toBe(0);
  });

  test('tells of deletes that it gave up, and answers those who wait for them', async ({ cluster, open }) => {
    const cache = await open({ deadline: 250, deleteWithin: '1m' });
    const key = newKey();
    await cluster.kill(cluster.primaryOf(key));
    const told = await invalidationsDuring(async () => {
      const deleted = cache.delete(key);
      await sleep(400);
      await cache.close();
      expect(await deleted).toEqual({ outcome: 'pending' });
    });
    expect(told).toEqual(['dropped', 'pending']);
  });

  test('listens to nobody any more', async ({ cluster, open }) => {
    const before = await subscribers();
    const caches = await Promise.all([open({ namespace: 'closing' }), open({ namespace: 'closing' })]);
    expect(await subscribers()).toBe(before + 2);
    await Promise.all(caches.map((cache) => cache.close()));
    await expect.poll(subscribers).toBe(before);

    async function subscribers(): Promise<number> {
      const counts = await Promise.all(
        cluster.nodes.map(({ admin }) => admin.call('PUBSUB', 'NUMSUB', 'keyslot:closing:invalidations')),
      );
      return counts.reduce<number>((sum, reply) => sum + (reply as [string, number])[1], 0);
    }
  });

  test('leaves the process free to end', async ({ cluster }) => {
    const { code, signal, afterMs } = await endOf(cluster.addresses.map(({ port }) => port));
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(afterMs).toBeLessThan(4_000);
  });

  test('leaves it free to end also when the cluster was never there', async ({ cluster }) => {
    const [node] = cluster.nodes;
    await cluster.kill(node as NonNullable<typeof node>);
    const { code, signal, afterMs } = await endOf([node?.port ?? 0]);
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(afterMs).toBeLessThan(4_000);
  });

  test('is closed at the end of its block, when it is used so', async ({ open }) => {
    let kept: Cache;
    {
      await using cache = await open();
      kept = cache;
      await cache.set(newKey(), 'Wien');
    }
    await expect(kept.get(newKey())).rejects.toBeInstanceOf(CacheClosedError);
  });
});
