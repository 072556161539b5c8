import { setTimeout as sleep } from 'node:timers/promises';
import { Cache, type CacheOptions } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import type { Duration } from '@keyslot/kernel';
import { key } from '@keyslot/keys';
import { type Ready, type Stretch, sharedNow } from './fleet.ts';

/** What a worker is started with. */
export interface ReaderArgument {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly deadline: Duration;
  readonly cache: Omit<CacheOptions, 'client'>;
}

/** What the test asks of a worker: to read keys, one after the other, at a rate that does not depend on the answers. */
export interface Reading {
  readonly ids: readonly string[];
  readonly perSecond: number;
  readonly forMs: number;
  readonly loadMs: number;
}

/** One load, by `sharedNow`, and the value in whose place it was to go. */
export interface Load extends Stretch {
  readonly id: string;
  readonly replaced: string | null;
}

/** What came of the reads of one worker. */
export interface HasRead {
  readonly kind: 'read';
  readonly reads: number;

  /** How many were answered from where. */
  readonly sources: Readonly<Record<string, number>>;

  /** How many failed, by code. */
  readonly errors: Readonly<Record<string, number>>;

  readonly slowestMs: number;
  readonly p99Ms: number;
  readonly loads: readonly Load[];
}

export type ReaderReport = Ready | HasRead;

const TICK_MS = 4;
const template = key('reading:{<id>}').holds<string>();
const tell = (report: ReaderReport) => process.send?.(report);

const { nodes, deadline, cache: options } = JSON.parse(process.argv[2] ?? '{}') as ReaderArgument;
const client = new ClusterClient({ nodes, deadline });
const cache = new Cache({ client, ...options });
await cache.ready('20s');

process.on('message', (reading: Reading) => void read(reading));
process.on('disconnect', () => process.exit());
tell({ kind: 'ready' });

async function read({ ids, perSecond, forMs, loadMs }: Reading): Promise<void> {
  const sources: Record<string, number> = {};
  const errors: Record<string, number> = {};
  const loads: Load[] = [];
  const tookMs: number[] = [];
  let loaded = 0;
  const one = async (id: string): Promise<void> => {
    const start = performance.now();
    try {
      const { source } = await cache.lookup(template({ id }), async ({ stale }) => {
        const from = sharedNow();
        await sleep(loadMs);
        loads.push({ id, from, to: sharedNow(), replaced: stale?.value ?? null });
        return `${process.pid}.${++loaded}`;
      });
      sources[source] = (sources[source] ?? 0) + 1;
    } catch (error) {
      const code = (error as { code?: string }).code ?? String(error);
      errors[code] = (errors[code] ?? 0) + 1;
    }
    tookMs.push(performance.now() - start);
  };

  const reads: Promise<void>[] = [];
  const start = performance.now();
  for (let now = start; now - start < forMs; now = performance.now()) {
    const due = Math.ceil(((now - start) / 1_000) * perSecond);
    while (reads.length < due) reads.push(one(ids[reads.length % ids.length] as string));
    await sleep(TICK_MS);
  }
  await Promise.all(reads);
  // Loads behind the readers' backs end after them.
  await sleep(2 * loadMs);
  tookMs.sort((a, b) => a - b);
  const at = (part: number) => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * part))] ?? 0;
  tell({ kind: 'read', reads: reads.length, sources, errors, slowestMs: at(1), p99Ms: at(0.99), loads });
}
