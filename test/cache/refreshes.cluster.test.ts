import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { key } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { describe, expect, vi } from 'vitest';
import { farAway } from '../cluster/far-away.ts';
import { newKey, test } from './fixtures.ts';
import { Fleet, sharedNow } from './fleet.ts';
import type { Order, Report, WorkerArgument } from './one-load-worker.ts';

const LEASE_MS = 800;
const GRACE = {
  local: false,
  jitter: 0,
  earlyRefresh: 0,
  ttl: '100ms',
  grace: '1m',
  lease: LEASE_MS,
} as const;
const untilStale = () => sleep(110);
const template = key('one-load:{<id>}').holds<string>();

function start(cluster: TestCluster, size: number, cache: WorkerArgument['cache']) {
  return Fleet.start<Order, Report>('one-load-worker.ts', size, () => ({ nodes: cluster.addresses, cache }));
}

describe('a process that loads a stale value anew and is killed', () => {
  test('is replaced when its lease is over, by the next reader who comes', async ({ cluster, open }) => {
    const cache = await open(GRACE);
    const id = randomUUID();
    await cache.getOrSet(template({ id }), () => 'old');
    await untilStale();
    await using fleet = await start(cluster, 1, GRACE);
    fleet.order({ id, callers: 10, loadMs: 60_000, ends: 'with-a-value' });
    await fleet.until(() => fleet.all('loading').length === 1 && fleet.all('answered').length === 1);
    // Nobody waited for it.
    expect(new Set(fleet.all('answered')[0]?.answers.map(({ value }) => value))).toEqual(new Set(['old']));
    fleet.signal(fleet.all('loading')[0]?.pid ?? 0, 'SIGKILL');
    const killedAt = performance.now();
    await expect
      .poll(() => cache.getOrSet(template({ id }), () => 'new'), { interval: 10, timeout: 5_000 })
      .toBe('new');
    expect(performance.now() - killedAt).toBeLessThan(LEASE_MS + 2_000);
  });

  test('is replaced by one of those who wait for it in other processes', async ({ cluster, open }) => {
    const cache = await open(GRACE);
    const id = randomUUID();
    await cache.getOrSet(template({ id }), () => 'old');
    await untilStale();
    await using fleet = await start(cluster, 4, { ...GRACE, refresh: 'blocking' });
    fleet.order({ id, callers: 10, loadMs: 400, ends: 'with-a-value' });
    await fleet.until(() => fleet.all('loading').length === 1);
    fleet.signal(fleet.all('loading')[0]?.pid ?? 0, 'SIGKILL');
    const killedAt = sharedNow();
    await fleet.until(() => fleet.all('answered').length === 3);
    const ms = sharedNow() - killedAt;
    console.info(`Those who waited for a killed refresher had an answer after ${ms.toFixed(0)} ms`);
    expect(ms).toBeLessThan(LEASE_MS + 400 + 2_000);
    expect(fleet.all('loading')).toHaveLength(2);
  });
});

describe('a stale value whose loader fails', () => {
  test('is answered to everybody who waits for a refresh, at once or after one load', async ({ open }) => {
    const options = { ...GRACE, refresh: 'blocking' } as const;
    const caches = [await open(options), await open(options)] as const;
    const entry = newKey();
    await caches[0].getOrSet(entry, () => 'old');
    await untilStale();
    const load = vi.fn<() => Promise<string>>(() =>
      sleep(20).then(() => Promise.reject(new TypeError('down'))),
    );
    const tookMs: number[] = [];
    for (const cache of [...caches, ...caches]) {
      const began = performance.now();
      expect(await cache.lookup(entry, load)).toMatchObject({ value: 'old', source: 'stale' });
      tookMs.push(Math.round(performance.now() - began));
    }
    console.info(
      `Blocking reads while the loader fails took ${tookMs.join(', ')} ms, ${load.mock.calls.length} loads`,
    );
    expect(Math.max(...tookMs)).toBeLessThan(500);
  });
});

describe('a process whose answers take long', () => {
  test('does not load what another has loaded since it found the stale value', async ({ cluster, open }) => {
    const roundTripMs = 200;
    await using away = await farAway(cluster, roundTripMs);
    const near = await open(GRACE);
    const far = await open({ ...GRACE, connection: { natMap: away.natMap } });
    const entry = newKey();
    await near.getOrSet(entry, () => 'old');
    await untilStale();
    const load = vi.fn<() => string>(() => 'new');
    const slow = far.lookup(entry, load, { ttl: '1m' });
    // By now its question has arrived, and the answer is on its way.
    await sleep(0.6 * roundTripMs);
    expect(await near.lookup(entry, load, { ttl: '1m', refresh: 'blocking' })).toMatchObject({
      source: 'loader',
    });
    expect(await slow).toMatchObject({ value: 'old', source: 'stale' });
    await sleep(3 * roundTripMs);
    expect(load).toHaveBeenCalledTimes(1);
    expect(await far.get(entry)).toBe('new');
  });
});
