import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cache } from '@keyslot/cache';
import { type AnyKey, type Key, key } from '@keyslot/keys';

import type { TestCluster } from '@keyslot/testkit';
import { describe, expect } from 'vitest';
import { farAway } from '../cluster/far-away.ts';
import { newKeyOn, type OpenOptions, test } from './fixtures.ts';
import { Sent } from './sent.ts';

const ROUND_TRIP_MS = 100;
const PLAIN = { local: false, jitter: 0, earlyRefresh: 0 } as const satisfies OpenOptions;

interface Cost {
  /** What the primaries were sent that names the key, in order. */
  readonly commands: readonly string[];

  /** How many times the caller waited for an answer before it had its own. */
  readonly roundTrips: number;
}

/** What an operation costs where each answer takes {@link ROUND_TRIP_MS}. */
async function costOf(cluster: TestCluster, of: AnyKey, work: () => Promise<unknown>): Promise<Cost> {
  using sent = await Sent.listen(cluster, of);
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  // For what nobody waits for.
  await sleep(4 * ROUND_TRIP_MS);
  // What is published goes by way of any node, a replica as well; it is a round trip all the same.
  const commands = sent.commands.filter((command) => command !== 'publish');
  return { commands, roundTrips: Math.floor(ms / ROUND_TRIP_MS) };
}

/** A key of a primary to which a cache has talked before: scripts are there, and what it understands is known. */
async function warmKey(cluster: TestCluster, cache: Cache): Promise<Key<string | null>> {
  const [primary] = cluster.primaries.filter(({ slotCount }) => slotCount > 0);
  if (primary === undefined) throw new Error('there is no primary');
  const other = newKeyOn(cluster, primary);
  await cache.getOrSet(other, () => 'warm');
  await cache.getOrSet(other, () => 'warm', { forceRefresh: true });
  await cache.getOrSet(other, () => 'warm', { forceRefresh: true, ttl: '1ms', grace: '1m' });
  await cache.getOrSet(other, () => 'warm', { refresh: 'blocking' });
  await cache.set(other, 'warm');
  await cache.delete(other);
  return newKeyOn(cluster, primary);
}

describe('the round trips', () => {
  test('of a hit are 1, of a miss 3, of a set 3, of a delete 2', async ({ cluster, open }) => {
    await using away = await farAway(cluster, ROUND_TRIP_MS);
    const cache = await open({ ...PLAIN, connection: { natMap: away.natMap } });
    const entry = await warmKey(cluster, cache);

    const miss = await costOf(cluster, entry, () => cache.getOrSet(entry, () => 'loaded'));
    expect(miss).toEqual({
      commands: ['get', 'set', expect.stringMatching(/^(evalsha|set)$/)],
      roundTrips: 3,
    });
    const hit = await costOf(cluster, entry, () => cache.getOrSet(entry, () => 'not asked'));
    expect(hit).toEqual({ commands: ['get'], roundTrips: 1 });
    const get = await costOf(cluster, entry, () => cache.get(entry));
    expect(get).toEqual({ commands: ['get'], roundTrips: 1 });
    const set = await costOf(cluster, entry, () => cache.set(entry, 'set'));
    expect(set).toEqual({
      commands: ['set', expect.stringMatching(/^(evalsha|set)$/)],
      roundTrips: 3,
    });
    const deleted = await costOf(cluster, entry, () => cache.delete(entry));
    expect(deleted).toEqual({ commands: ['del'], roundTrips: 2 });
  });

  test('of a miss are 2 where most keys of a template are missing', async ({ cluster, open }) => {
    await using away = await farAway(cluster, ROUND_TRIP_MS);
    const cache = await open({ ...PLAIN, connection: { natMap: away.natMap } });
    const cold = key('round-trips:{<id>}').holds<string>();
    await warmKey(cluster, cache);
    await Promise.all(
      Array.from({ length: 100 }, () => cache.getOrSet(cold({ id: randomUUID() }), () => 'loaded')),
    );
    const missing = cold({ id: randomUUID() });
    const miss = await costOf(cluster, missing, () => cache.getOrSet(missing, () => 'loaded'));
    expect(miss).toEqual({ commands: ['set', expect.stringMatching(/^(evalsha|set)$/)], roundTrips: 2 });
  });

  test('of a hit in memory are 0', async ({ cluster, open }) => {
    await using away = await farAway(cluster, ROUND_TRIP_MS);
    const cache = await open({ connection: { natMap: away.natMap }, local: { ttl: '1m' } });
    const entry = await warmKey(cluster, cache);
    await cache.getOrSet(entry, () => 'loaded');
    const hit = await costOf(cluster, entry, () => cache.getOrSet(entry, () => 'not asked'));
    expect(hit).toEqual({ commands: [], roundTrips: 0 });
  });

  test('of a stale read are 1, while the refresh behind it costs 2 and a command that nobody waits for', async ({
    cluster,
    open,
  }) => {
    await using away = await farAway(cluster, ROUND_TRIP_MS);
    const options = { ...PLAIN, ttl: '3s', grace: '1m', connection: { natMap: away.natMap } } as const;
    const cache = await open(options);
    const entry = await warmKey(cluster, cache);
    await cache.getOrSet(entry, () => 'old', { ttl: '1ms' });
    const stale = await costOf(cluster, entry, async () => {
      expect(await cache.lookup(entry, () => 'new')).toMatchObject({ value: 'old', source: 'stale' });
    });
    // The claim and one more look together, the new value, the end of the claim.
    expect(stale).toEqual({ commands: ['get', 'set', 'get', 'evalsha', 'evalsha'], roundTrips: 1 });
    expect(await cache.getOrSet(entry, () => 'not asked')).toBe('new');

    await cache.getOrSet(entry, () => 'old', { ttl: '1ms', forceRefresh: true });
    const waited = await costOf(cluster, entry, async () => {
      const read = cache.lookup(entry, () => 'newer', { refresh: 'blocking' });
      expect(await read).toMatchObject({ value: 'newer', source: 'loader' });
    });
    expect(waited).toEqual({ commands: ['get', 'set', 'get', 'evalsha', 'evalsha'], roundTrips: 3 });
  });
});
