import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';
import { ownersOf } from '../../cluster/keys-on.ts';
import { atMost, type Fault } from './figure.ts';
import { Traffic } from './traffic.ts';
import { countRefused, listenToRetries, slotsAsked } from './watchers.ts';

/**
 * A shard without primary and replica for some time: whoever wants it waits, and asks again.
 * Attempts of its shard are counted by themselves: healthy traffic would hide them.
 */
export async function outage(cluster: TestCluster, { outageMs = 30_000, callers = 64 } = {}) {
  await using client = new ClusterClient({ nodes: cluster.addresses, deadline: '1s' });
  await client.ready('20s');
  const victim = ownersOf(cluster)[0];
  if (victim === undefined) throw new Error('A test cluster without a primary');
  using retries = listenToRetries();
  using connects = countRefused();
  const traffic = new Traffic(client, cluster, { callers });
  await sleep(500);
  const replicas = cluster.replicasOf(victim);
  const from = performance.now();
  const cpu = process.cpuUsage();
  const asked = await slotsAsked(cluster);
  await Promise.all([...replicas.map((node) => cluster.kill(node)), cluster.freeze(victim)]);
  await sleep(outageMs / 2);
  await cluster.kill(victim);
  await sleep(outageMs / 2);
  const seconds = (performance.now() - from) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const { refused } = connects.counts;
  await traffic.stop();
  const calls = traffic.ends.filter(({ shard }) => shard === victim).length;
  return {
    amplification: 1 + retries.messages.length / traffic.ends.length,
    ofItsShard: 1 + retries.messages.length / calls,
    refusedPerSecond: refused / seconds,
    refreshesPerSecond: ((await slotsAsked(cluster)) - asked) / seconds,
    cpu: (user + system) / 1e6 / seconds,
  };
}

export const outageFault: Fault = {
  name: 'outage',
  title: 'a shard frozen, then gone, for 30 s in all',
  run: async (cluster) => {
    const seen = await outage(cluster);
    return [
      atMost('retry amplification', seen.amplification, 1.1, '×'),
      atMost('retry amplification, calls of its shard alone', seen.ofItsShard, 1.1, '×'),
      atMost('refused connects', seen.refusedPerSecond, 10, '/s'),
      atMost('topology questions', seen.refreshesPerSecond, 10, '/s'),
    ];
  },
};
