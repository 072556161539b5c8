import { setTimeout as sleep } from 'node:timers/promises';
import { Cache, type CacheOptions, FailedElsewhereError } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { key } from '@keyslot/keys';
import { type Ready, sharedNow } from './fleet.ts';

/** What a worker is started with. */
export interface WorkerArgument {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly cache: Omit<CacheOptions, 'client'>;
}

/** What the test asks of a worker: that so many callers ask for one key at once, and how its loader ends. */
export interface Order {
  readonly id: string;
  readonly callers: number;
  readonly loadMs: number;
  readonly ends: 'with-a-value' | 'with-an-error' | 'never';
}

/** What a caller got, and after how long. */
export interface Got {
  readonly value?: string;
  readonly code?: string;
  readonly cause?: string;
  readonly ms: number;
}

/** What a worker tells. Times are those of `sharedNow`. */
export type Report =
  | Ready
  | { readonly kind: 'loading'; readonly pid: number; readonly at: number }
  | { readonly kind: 'loaded'; readonly pid: number; readonly at: number }
  | { readonly kind: 'answered'; readonly pid: number; readonly answers: readonly Got[] };

const template = key('one-load:{<id>}').holds<string>();
const { pid } = process;
const tell = (report: Report) => process.send?.(report);

const { nodes, cache: options } = JSON.parse(process.argv[2] ?? '{}') as WorkerArgument;
const client = new ClusterClient({ nodes });
const cache = new Cache({ client, ...options });
await cache.ready('20s');

process.on('message', (order: Order) => void obey(order));
process.on('disconnect', () => process.exit());
tell({ kind: 'ready' });

async function obey({ id, callers, loadMs, ends }: Order): Promise<void> {
  const load = async () => {
    tell({ kind: 'loading', pid, at: sharedNow() });
    if (ends === 'never') await new Promise(() => {});
    await sleep(loadMs);
    tell({ kind: 'loaded', pid, at: sharedNow() });
    if (ends === 'with-an-error') throw new RangeError('the database is away');
    return `loaded by ${pid}`;
  };
  const asked = async (): Promise<Got> => {
    const start = performance.now();
    try {
      return { value: await cache.getOrSet(template({ id }), load), ms: performance.now() - start };
    } catch (error) {
      const { code, cause } = error as Error & { code?: string };
      return { code: code ?? String(error), cause: nameOf(cause), ms: performance.now() - start };
    }
  };
  tell({ kind: 'answered', pid, answers: await Promise.all(Array.from({ length: callers }, asked)) });
}

/** What kind of error the loader's was, wherever it ran. */
function nameOf(cause: unknown): string {
  if (cause instanceof FailedElsewhereError) return cause.originalName;
  return cause instanceof Error ? cause.name : 'none';
}
