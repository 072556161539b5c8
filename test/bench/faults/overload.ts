import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ClusterClient } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';
import { keysOn, ownersOf } from '../../cluster/keys-on.ts';
import { codeOf } from './code-of.ts';
import { atLeast, atMost, type Fault, none } from './figure.ts';

const ROOM = 512 + 2_048;

/** So many callers at once on one shard, which is frozen so that nothing drains. */
export async function overload(cluster: TestCluster, { callers = 3_000, rounds = 20 } = {}) {
  await using client = new ClusterClient({ nodes: cluster.addresses });
  await client.ready('20s');
  const node = ownersOf(cluster)[0];
  if (node === undefined) throw new Error('A test cluster without a primary');
  const keys = keysOn(cluster, node, 50, 'crowd');
  const ask = async () => {
    const startedAt = performance.now();
    const ends = await Promise.all(
      Array.from({ length: callers }, async (_, i) => {
        const code = await client.get(keys[i % keys.length] ?? '').then(() => 'answered', codeOf);
        return { code, ms: performance.now() - startedAt };
      }),
    );
    return ends;
  };
  const well = await ask();
  await cluster.freeze(node);
  const frozen = await ask();
  const before = heapUsed();
  for (let i = 2; i < rounds; i++) await ask();
  const grownMb = (heapUsed() - before) / 2 ** 20;
  await cluster.thaw(node);
  const codes = [...well, ...frozen].map(({ code }) => code);
  const refused = frozen.filter(({ code }) => code === 'CLUSTER_OVERLOADED');
  return {
    unexpected: codes.filter(
      (code) => !['answered', 'CLUSTER_OVERLOADED', 'CLUSTER_DEADLINE_EXCEEDED'].includes(code),
    ),
    taken: frozen.length - refused.length,
    refused: refused.length,
    refusedWithinMs: Math.max(...refused.map(({ ms }) => ms)),
    grownMb,
  };
}

/** What is on the heap when all that is garbage was collected. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

export const overloadFault: Fault = {
  name: 'overload',
  title: '3 000 callers at once on one shard',
  run: async (cluster) => {
    const seen = await overload(cluster);
    return [
      none('outcomes but answers, overloaded and late', seen.unexpected),
      atMost('calls taken by a shard that does not answer', seen.taken, ROOM),
      atLeast('typed OverloadedError', seen.refused, 1),
      atMost('time to a refusal', seen.refusedWithinMs, 150, ' ms'),
      atMost('heap grown over 18 more rounds', seen.grownMb, 20, ' MB'),
    ];
  },
};
