import { ClusterClient } from '@keyslot/cluster';
import { Locks } from '@keyslot/lock';

/** What the worker answers: that it stands ready, or that it got a lock, and when by the machine's monotonic clock. */
export type WaiterReport = { readonly kind: 'ready' } | { readonly kind: 'got'; readonly at: string };

const { nodes } = JSON.parse(process.argv[2] ?? '{}') as { nodes: { host: string; port: number }[] };
const client = new ClusterClient({ nodes, deadline: '2s' });
const locks = new Locks({ client });
await client.ready('20s');

process.on('message', (resource: string) => void wait(resource));
process.on('disconnect', () => process.exit());
process.send?.({ kind: 'ready' } satisfies WaiterReport);

async function wait(resource: string): Promise<void> {
  const lock = await locks.acquire(resource, { wait: '30s' });
  process.send?.({ kind: 'got', at: String(process.hrtime.bigint()) } satisfies WaiterReport);
  await lock.release();
}
