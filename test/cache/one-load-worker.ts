import { Cache } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { key } from '@keyslot/keys';

/** What the test asks of a worker: that so many callers ask for one key at once. */
export interface Order {
  readonly id: string;
  readonly callers: number;
  readonly loadMs: number;
  readonly lease: `${number}ms`;
}

/** What a worker tells: that it stands ready, that a load began or ended, and what the callers got. */
export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'loading' | 'loaded'; readonly pid: number }
  | { readonly kind: 'answered'; readonly values: readonly string[] };

const template = key('one-load:{<id>}').holds<string>();
const tell = (report: Report) => process.send?.(report);

const nodes = JSON.parse(process.argv[2] ?? '[]') as { host: string; port: number }[];
const client = new ClusterClient({ nodes });
await client.ready('20s');

process.on('message', (order: Order) => void obey(order));
process.on('disconnect', () => process.exit());
tell({ kind: 'ready' });

async function obey({ id, callers, loadMs, lease }: Order): Promise<void> {
  await using cache = new Cache({ client, lease, wait: '30s' });
  await cache.ready('20s');
  const load = async () => {
    tell({ kind: 'loading', pid: process.pid });
    await new Promise((resolve) => setTimeout(resolve, loadMs));
    tell({ kind: 'loaded', pid: process.pid });
    return `loaded by ${process.pid}`;
  };
  const answers = Array.from({ length: callers }, () => cache.getOrSet(template({ id }), load));
  tell({ kind: 'answered', values: await Promise.all(answers) });
}
