import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';
import { keysOn, ownersOf } from '../../cluster/keys-on.ts';
import { codeOf } from './code-of.ts';
import { atLeast, type Fault, none } from './figure.ts';

/**
 * Writes many keys of one shard every 20 ms, without waiting for the last round, hands the shard over to its
 * replica, and stops writing during it. A key that ends older than its last acknowledged write was overtaken.
 */
export async function lastWrites(cluster: TestCluster, { keys: count = 200 } = {}) {
  await using client = new ClusterClient({ nodes: cluster.addresses, deadline: '10s' });
  await client.ready('20s');
  const primary = ownersOf(cluster)[0];
  if (primary === undefined) throw new Error('A test cluster without a primary');
  const keys = keysOn(cluster, primary, count, 'written');
  const acknowledged = new Map<string, number>();
  const errors: string[] = [];
  const calls: Promise<void>[] = [];

  const write = async (key: string, version: number) => {
    try {
      await client.set(key, String(version), { ttl: '10m' });
      acknowledged.set(key, Math.max(version, acknowledged.get(key) ?? 0));
    } catch (error) {
      const code = codeOf(error);
      // Nobody was told that it stands.
      if (code !== 'CLUSTER_SUPERSEDED') errors.push(code);
    }
  };
  const over = new AbortController();
  const writer = (async () => {
    for (let version = 1; !over.signal.aborted; version++) {
      for (const key of keys) calls.push(write(key, version));
      await sleep(20);
    }
  })();
  await sleep(500);
  await cluster.freeze(primary);
  await sleep(1_000);
  over.abort();
  await writer;
  await cluster.untilFailedOver(primary);
  await Promise.all(calls);

  const older: string[] = [];
  for (const key of keys) {
    const value = Number(await client.get(key, { deadline: '5s' }));
    if (value < (acknowledged.get(key) ?? 0)) older.push(`${value} after ${acknowledged.get(key)}`);
  }
  return { older, errors, writes: calls.length };
}

export const lastWriteFault: Fault = {
  name: 'last-write',
  title: '200 keys written every 20 ms through a failover, the writer stops during it',
  run: async (cluster) => {
    const { older, errors, writes } = await lastWrites(cluster);
    return [
      none(
        'keys older than their last acknowledged write',
        older.map(() => 'older'),
      ),
      none(
        'errors but superseded ones and, beyond the bulkhead, overloaded ones',
        errors.filter((code) => code !== 'CLUSTER_OVERLOADED'),
      ),
      atLeast('writes', writes, 10_000),
    ];
  },
};
