import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import { slotOf } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { keysOn } from '../../cluster/keys-on.ts';
import { codeOf } from './code-of.ts';
import { atMost, type Fault, none } from './figure.ts';

/** How long until a call is answered, asked again and again, in milliseconds. */
async function untilAnswered(ask: () => Promise<unknown>, withinMs: number): Promise<number> {
  const from = performance.now();
  while (performance.now() - from < withinMs) {
    try {
      await ask();
      return performance.now() - from;
    } catch {
      // Not yet: this is what is measured.
      await sleep(20);
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** Adds a shard, gives it slots of every other one, and kills it again; then all first addresses are gone. */
async function members(cluster: TestCluster) {
  const first = cluster.nodes.slice();
  await using client = new ClusterClient({ nodes: cluster.addresses });
  await client.ready('20s');
  const added = await cluster.addShard();
  const from = cluster.primaries.find((node) => node !== added && node.slotCount > 0);
  if (from === undefined) throw new Error('A test cluster without a primary');
  const keys = keysOn(cluster, from, 20, 'member');
  await cluster.moveSlots({ slots: keys.map((key) => slotOf(key)), to: added });
  const errors: string[] = [];
  for (const key of keys) {
    await client
      .set(key, key, { ttl: '1m', deadline: '5s' })
      .catch((error: Error) => void errors.push(error.message));
  }
  await cluster.kill(added);
  await cluster.untilFailedOver(added);
  const foundMs = await untilAnswered(() => client.set(keys[0] ?? '', 'new', { ttl: '1m' }), 10_000);

  // Every address that the client began with goes away; what has joined since stays.
  const second = await cluster.addShard();
  for (const node of cluster.primaries) {
    if (node !== second && first.includes(node)) {
      await cluster.moveSlots({
        from: node,
        count: node.slotCount,
        to: second,
        keysPerStep: 1_000,
        slotsAtOnce: 16,
      });
    }
  }
  for (const node of first) await cluster.kill(node);
  const changedMs = await untilAnswered(() => client.set('after', 'all', { ttl: '1m' }), 10_000);
  return { errors, foundMs, changedMs };
}

/** A client that is made while no node is up. */
async function boot(cluster: TestCluster) {
  const nodes = cluster.addresses;
  const all = cluster.nodes.slice();
  for (const node of all) await cluster.kill(node);
  await using client = new ClusterClient({ nodes });
  const down: string[] = await client.get('k').then(
    () => ['answered'],
    (error: unknown) => [codeOf(error)],
  );
  await sleep(1_500);
  await Promise.all(all.map((node) => cluster.restart(node)));
  await cluster.untilHealthy();
  return { down, healedMs: await untilAnswered(() => client.get('k'), 10_000) };
}

export const memberFaults: readonly Fault[] = [
  {
    name: 'members',
    title: 'node added, node removed, full change of addresses',
    run: async (cluster) => {
      const { errors, foundMs, changedMs } = await members(cluster);
      return [
        none('errors after a node was added', errors),
        atMost('heir of a removed node found', foundMs, 3_000, ' ms'),
        atMost('found after a full change of addresses', changedMs, 3_000, ' ms'),
      ];
    },
  },
  {
    name: 'boot',
    title: 'all nodes down at boot, then up',
    run: async (cluster) => {
      const { down, healedMs } = await boot(cluster);
      return [
        none(
          'outcomes but typed ones while down',
          down.filter((code) => !code.startsWith('CLUSTER_')),
        ),
        atMost('healed', healedMs, 5_000, ' ms'),
      ];
    },
  },
];
