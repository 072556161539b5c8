import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';
import { keysOn, ownersOf } from '../../cluster/keys-on.ts';
import { codeOf } from './code-of.ts';
import { atLeast, atMost, type Fault, none } from './figure.ts';

/** Kills connections at random while counters are incremented, until so many increments were acknowledged. */
async function cut(cluster: TestCluster, { increments = 20_000, callers = 64 } = {}) {
  await using client = new ClusterClient({ nodes: cluster.addresses, deadline: '10s' });
  await client.ready('20s');
  const nodes = ownersOf(cluster);
  const keys = nodes.flatMap((node) => keysOn(cluster, node, callers, 'counted'));
  let acknowledged = 0;
  let unknown = 0;
  let cuts = 0;
  const errors: string[] = [];
  const over = new AbortController();
  const cutting = (async () => {
    while (!over.signal.aborted) {
      await sleep(1 + Math.random() * 9);
      const node = nodes[Math.floor(Math.random() * nodes.length)];
      await node?.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      cuts++;
    }
  })();
  await Promise.all(
    keys.map(async (key) => {
      while (acknowledged < increments) {
        try {
          await client.call('incr', [key]);
          acknowledged++;
        } catch (error) {
          const code = codeOf(error);
          if (code === 'CLUSTER_OUTCOME_UNKNOWN') unknown++;
          else errors.push(code);
        }
      }
    }),
  );
  over.abort();
  await cutting;
  const values = await Promise.all(keys.map((key) => client.get(key)));
  const executed = values.reduce((sum, value) => sum + Number(value), 0);
  await client.batch(keys.map((key) => ['del', key]));
  return { acknowledged, unknown, executed, errors, cuts };
}

export const cutFault: Fault = {
  name: 'cut',
  title: 'connections killed at random during 20 000 acknowledged increments',
  run: async (cluster) => {
    const { acknowledged, unknown, executed, errors, cuts } = await cut(cluster);
    return [
      atMost(
        `executed (${acknowledged} acknowledged + ${unknown} unknown)`,
        executed,
        acknowledged + unknown,
      ),
      atLeast('executed', executed, acknowledged),
      none('errors but outcome-unknown', errors),
      atLeast('cuts', cuts, 20),
    ];
  },
};
