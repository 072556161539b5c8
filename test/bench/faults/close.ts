import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import { slotOf } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { keysOn, ownersOf } from '../../cluster/keys-on.ts';
import { untyped } from './code-of.ts';
import { atMost, type Fault, type Figure, none } from './figure.ts';
import { Traffic } from './traffic.ts';

/** Closes a client in the middle of something. */
export async function closeDuring(cluster: TestCluster, fault: () => Promise<unknown>) {
  const client = new ClusterClient({ nodes: cluster.addresses, deadline: '10s' });
  await client.ready('20s');
  const traffic = new Traffic(client, cluster);
  await sleep(200);
  const under = fault();
  await sleep(200);
  const closedAt = performance.now();
  const closing = client.close();
  const stopping = traffic.stop();
  await sleep(1_000);
  const pending = traffic.pendingSince(closedAt);
  await Promise.all([closing, stopping, under]);
  return { pending, codes: untyped(traffic.between(0, Number.POSITIVE_INFINITY, () => true).codes) };
}

/** `close()` in the middle of a freeze, a kill, a move of slots and cut connections. */
async function closeInTheMiddle(cluster: TestCluster) {
  const [first, second] = ownersOf(cluster);
  if (first === undefined || second === undefined) throw new Error('A test cluster without two primaries');
  const slots = keysOn(cluster, first, 100, 'closing').map((key) => slotOf(key));
  const seen: Record<string, { pending: number; codes: readonly string[] }> = {};
  seen['moving slots'] = await closeDuring(cluster, () => cluster.moveSlots({ slots, to: second }));
  seen['cut connections'] = await closeDuring(cluster, () =>
    Promise.all(
      ownersOf(cluster).map(({ admin }) => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')),
    ),
  );
  seen['a frozen primary'] = await closeDuring(cluster, () => cluster.freeze(first));
  await cluster.thaw(first);
  await cluster.untilHealthy();
  seen['a killed primary'] = await closeDuring(cluster, () => cluster.kill(second));
  return seen;
}

export const closeFault: Fault = {
  name: 'close',
  title: 'close() in the middle of each of these',
  run: async (cluster) => {
    const figures: Figure[] = [];
    for (const [during, { pending, codes }] of Object.entries(await closeInTheMiddle(cluster))) {
      figures.push(atMost(`calls pending 1 s after, ${during}`, pending, 0));
      figures.push(none(`errors without a type, ${during}`, codes));
    }
    return figures;
  },
};
