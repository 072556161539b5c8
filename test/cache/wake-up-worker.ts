import { Cache } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { key } from '@keyslot/keys';

/** What the worker answers: that it stands ready, or what it got, and when by the machine's monotonic clock. */
export type WaiterReport =
  | { readonly kind: 'ready' }
  | { readonly kind: 'got'; readonly value: string; readonly at: string };

const template = key('wake-up:{<id>}').holds<string>();
const tell = (report: WaiterReport) => process.send?.(report);

const client = new ClusterClient(
  JSON.parse(process.argv[2] ?? '{}') as { nodes: { host: string; port: number }[] },
);
const cache = new Cache({ client, local: false, wait: '30s' });
await cache.ready('20s');

process.on('message', (id: string) => void wait(id));
process.on('disconnect', () => process.exit());
tell({ kind: 'ready' });

async function wait(id: string): Promise<void> {
  const value = await cache.getOrSet(template({ id }), () => 'loaded by the waiter');
  tell({ kind: 'got', value, at: String(process.hrtime.bigint()) });
}
