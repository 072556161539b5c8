// node --conditions=@keyslot/source test/soak/refresh.ts [--seconds 60]
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Cache } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { key } from '@keyslot/keys';
import { TestCluster } from '@keyslot/testkit';
import { Fleet, mostAtOnce } from '../cache/fleet.ts';
import type { ReaderArgument, ReaderReport, Reading } from '../cache/reading-worker.ts';

/** How one hot key is read. */
export interface RefreshOptions {
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly seconds: number;

  /** Every other one keeps no values in memory, so that all its reads see when the value stops being fresh. @default 4 */
  readonly processes?: number;

  /** Of all processes together. @default 2_000 */
  readonly readsPerSecond?: number;

  /** @default 200 */
  readonly loadMs?: number;
}

/** What one run found. A generation is a value, from when it is stored until another takes its place. */
export interface RefreshReport {
  readonly reads: number;
  readonly loads: number;

  /** How many loads were made to replace one and the same value, at the most: 1 is what must hold. */
  readonly mostLoadsOfAGeneration: number;

  /** How many loads went on at once in the fleet, at the most. */
  readonly mostLoadsAtOnce: number;

  /** Reads that were answered what a loader answered, or failed: those that waited for one. */
  readonly blockedReads: number;

  readonly p99Ms: number;
  readonly slowestMs: number;
  readonly sources: Readonly<Record<string, number>>;
}

const template = key('reading:{<id>}').holds<string>();
const TTL = { ttl: '1s', grace: '1m' } as const;

/** One hot key, whose value is fresh for a second, under steady reads of several processes. */
export async function refreshUnderLoad(options: RefreshOptions): Promise<RefreshReport> {
  const { addresses, seconds, processes = 4, readsPerSecond = 2_000, loadMs = 200 } = options;
  const id = randomUUID();
  await using fleet = await Fleet.start<Reading, ReaderReport>('reading-worker.ts', processes, (number) => {
    const local = number % 2 === 0 ? {} : ({ local: false } as const);
    // Long enough that a busy machine is not taken for an outage.
    return { nodes: addresses, deadline: '2s', cache: { ...TTL, ...local } } satisfies ReaderArgument;
  });
  await store(addresses, id);
  fleet.order({ ids: [id], perSecond: readsPerSecond / processes, forMs: seconds * 1_000, loadMs });
  await fleet.until(() => fleet.all('read').length === processes);

  const ends = fleet.all('read');
  const loads = ends.flatMap((end) => end.loads);
  const sources: Record<string, number> = {};
  for (const end of ends)
    for (const [source, count] of [...Object.entries(end.sources), ...Object.entries(end.errors)])
      sources[source] = (sources[source] ?? 0) + count;
  const { local = 0, cluster = 0, stale = 0 } = sources;
  const reads = ends.reduce((sum, end) => sum + end.reads, 0);
  return {
    reads,
    loads: loads.length,
    mostLoadsOfAGeneration: Math.max(0, ...countsOf(loads.map(({ replaced }) => replaced)).values()),
    mostLoadsAtOnce: mostAtOnce(loads),
    blockedReads: reads - local - cluster - stale,
    p99Ms: Math.max(...ends.map(({ p99Ms }) => p99Ms)),
    slowestMs: Math.max(...ends.map(({ slowestMs }) => slowestMs)),
    sources,
  };
}

/** Has the value be there before anybody reads it: whoever finds nothing has to wait. */
async function store(nodes: RefreshOptions['addresses'], id: string): Promise<void> {
  await using client = new ClusterClient({ nodes });
  await using cache = new Cache({ client, local: false, ...TTL });
  await cache.ready('20s');
  const stored = await cache.set(template({ id }), 'the first');
  if (stored.outcome !== 'stored') throw new Error(`the first value was ${stored.outcome}`);
}

function countsOf<T>(of: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const each of of) counts.set(each, (counts.get(each) ?? 0) + 1);
  return counts;
}

/** The long form, on a cluster of its own. Fails when what must hold does not. */
export async function soakRefresh(seconds: number): Promise<boolean> {
  await using cluster = await TestCluster.start();
  console.log(
    `One hot key, fresh for 1 s, 2 000 reads a second of 4 processes, ${seconds} s, ${cluster.description}`,
  );
  const report = await refreshUnderLoad({ addresses: cluster.addresses, seconds });
  console.log(report);
  const { mostLoadsOfAGeneration, mostLoadsAtOnce, blockedReads } = report;
  return mostLoadsOfAGeneration === 1 && mostLoadsAtOnce === 1 && blockedReads === 0;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
  process.exitCode = (await soakRefresh(Number(values.seconds))) ? 0 : 1;
}
