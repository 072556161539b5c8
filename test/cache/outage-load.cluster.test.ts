import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestCluster } from '@keyslot/testkit';
import { describe, expect } from 'vitest';
import { newKeyOn, test } from './fixtures.ts';
import { Fleet, mostAtOnce, mostPerSecond } from './fleet.ts';
import { primaryWithoutListeners } from './listening.ts';
import type { HasRead, ReaderArgument, ReaderReport, Reading } from './reading-worker.ts';
import { wayOf } from './watching.ts';

const PROCESSES = 2;
const CONCURRENCY = 4;
const LOAD_MS = 50;

/** What the database gets of all processes at the most. */
const AT_ONCE = PROCESSES * CONCURRENCY;
const PER_SECOND = AT_ONCE * (1_000 / LOAD_MS);

interface Fault {
  readonly strike: (cluster: TestCluster) => Promise<unknown>;
  readonly options?: ReaderArgument['cache'];
}

const all = (cluster: TestCluster, what: 'kill' | 'freeze') =>
  Promise.all(cluster.nodes.map((node) => cluster[what](node)));
const fill = (cluster: TestCluster) => cluster.setMaxMemory(primaryOf(cluster), '1mb', 'noeviction');

const FAULTS = {
  'a primary is killed': { strike: (cluster) => cluster.kill(primaryOf(cluster)) },
  'a primary is frozen': { strike: (cluster) => cluster.freeze(primaryOf(cluster)) },
  'a primary is full': { strike: fill },
  'a primary is full, which nobody guards against': { strike: fill, options: { guard: false } },
  'all nodes are killed': { strike: (cluster) => all(cluster, 'kill') },
  'all nodes are frozen': { strike: (cluster) => all(cluster, 'freeze') },
} as const satisfies Record<string, Fault>;

function primaryOf(cluster: TestCluster) {
  const [primary] = cluster.primaries.filter(({ slotCount }) => slotCount > 0);
  if (primary === undefined) throw new Error('there is no primary');
  return primary;
}

function readers(cluster: TestCluster, cache: ReaderArgument['cache']) {
  return Fleet.start<Reading, ReaderReport>('reading-worker.ts', PROCESSES, () => {
    return { nodes: cluster.addresses, deadline: 250, cache } satisfies ReaderArgument;
  });
}

/** Has all processes read 40 keys, 300 times a second each, while something happens to the cluster. */
async function readThrough(
  fleet: Fleet<Reading, ReaderReport>,
  { forMs, fault }: { readonly forMs: number; readonly fault: () => Promise<unknown> },
): Promise<HasRead[]> {
  const ids = Array.from({ length: 40 }, () => randomUUID());
  fleet.order({ ids, perSecond: 300, forMs, loadMs: LOAD_MS });
  await sleep(1_500);
  await fault();
  await fleet.until(() => fleet.all('read').length === PROCESSES);
  return fleet.all('read');
}

describe.each(Object.entries<Fault>(FAULTS))('while %s', (name, { strike, options }) => {
  test(`every read is answered, with ${CONCURRENCY} loaders at once in each process and no more`, async ({
    cluster,
  }) => {
    // Short, so that there is always something to load, wherever it can be stored or not.
    const cache = { local: false, ttl: '1s', loaders: { concurrency: CONCURRENCY }, ...options } as const;
    await using fleet = await readers(cluster, cache);
    const ends = await readThrough(fleet, { forMs: 4_500, fault: () => strike(cluster) });

    const loads = ends.flatMap((end) => end.loads);
    const slowest = Math.max(...ends.map(({ slowestMs }) => slowestMs));
    console.info(
      `${name}: ${loads.length} loads, ${mostAtOnce(loads)} at once, ${mostPerSecond(loads)} per second, ` +
        `slowest read ${slowest.toFixed(0)} ms, ${JSON.stringify(ends.map(({ sources }) => sources))}`,
    );
    expect(ends.map(({ errors }) => errors)).toEqual([{}, {}]);
    for (const { reads, loads: own } of ends) {
      expect(reads).toBeGreaterThan(1_000);
      expect(mostAtOnce(own)).toBeLessThanOrEqual(CONCURRENCY);
    }
    expect(mostAtOnce(loads)).toBeLessThanOrEqual(AT_ONCE);
    expect(mostPerSecond(loads)).toBeLessThanOrEqual(PER_SECOND * 1.1);
    expect(slowest).toBeLessThan(2_500);
    // It is the limit that holds loads back.
    expect(mostAtOnce(loads)).toBe(AT_ONCE);
  });
});

describe('while all nodes are killed', () => {
  test('whoever would wait behind too many others is refused, and told so', async ({ cluster }) => {
    const loaders = { concurrency: CONCURRENCY, queue: 8 };
    await using fleet = await readers(cluster, { local: false, loaders });
    const ends = await readThrough(fleet, { forMs: 4_000, fault: () => all(cluster, 'kill') });
    for (const { errors, sources, loads } of ends) {
      expect(Object.keys(errors)).toEqual(['CACHE_LOADER_OVERLOADED']);
      expect(sources.loader).toBeGreaterThan(100);
      expect(mostAtOnce(loads)).toBe(CONCURRENCY);
    }
  });
});

describe('a copy in memory that is no longer fresh', () => {
  const GRACE = { deadline: 250, local: { ttl: '50ms' }, ttl: '50ms', jitter: 0, grace: '1m' } as const;

  test('is answered while its whole shard is gone, and nothing is loaded, unless it was deleted', async ({
    cluster,
    open,
  }) => {
    const [cache, other] = [await open(GRACE), await open(GRACE)];
    const victim = await primaryWithoutListeners(cluster);
    const [key, deleted] = [newKeyOn(cluster, victim), newKeyOn(cluster, victim)];
    for (const each of [key, deleted]) await cache.getOrSet(each, () => 'kept');
    await sleep(60);
    for (const node of [...cluster.replicasOf(victim), victim]) await cluster.kill(node);
    await other.delete(deleted);

    const stale = { value: 'kept', source: 'stale' };
    const read = async () => expect(await cache.lookup(key, () => 'loaded')).toMatchObject(stale);
    for (let round = 0; round < 5; round++) expect((await wayOf(read)).at(-1)).toBe('memory:stale');
    expect(await cache.getOrSet(deleted, () => 'loaded')).toBe('loaded');
  });

  test('is answered while all is frozen only for as long as a delete would have been heard of', async ({
    cluster,
    open,
  }) => {
    const cache = await open(GRACE);
    const key = newKeyOn(cluster, primaryOf(cluster));
    await cache.getOrSet(key, () => 'kept');
    await sleep(60);
    await Promise.all(cluster.nodes.map((node) => cluster.freeze(node)));
    const frozenAt = performance.now();
    const sources: string[] = [];
    let lastStaleMs = 0;
    while (performance.now() - frozenAt < 6_000) {
      const { source } = await cache.lookup(key, () => 'loaded');
      sources.push(source);
      if (source === 'stale') lastStaleMs = performance.now() - frozenAt;
      await sleep(20);
    }
    console.info(`All frozen: the last stale answer after ${lastStaleMs.toFixed(0)} ms`);
    expect(new Set(sources)).toEqual(new Set(['stale', 'loader']));
    expect(sources[0]).toBe('stale');
    expect(lastStaleMs).toBeLessThan(2_000 + 500);
  });
});
