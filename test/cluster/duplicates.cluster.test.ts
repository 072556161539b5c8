import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import type { TestCluster } from '@keyslot/testkit';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { openClient } from './clients.ts';

const test = testWith({ replicasPerPrimary: 0 });
const INCREMENTS = 5000;
const WORKERS = 64;
const SCRIPT = "return redis.call('INCR', KEYS[1])";

/** So many answers must have been lost before the test says anything, and so long it waits for them. */
const LOST = 100;
const PATIENCE_MS = 10_000;

/** A `Cluster` that repeats by itself whatever it can. */
async function repeating(cluster: TestCluster): Promise<ClusterClient> {
  const client = new ClusterClient({
    cluster: cluster.connect({ clusterNodeRetryStrategy: () => 10, retryDelayOnFailover: 20 }),
  });
  await client.ready();
  return client;
}

describe.each([
  ['its own connections', openClient],
  ["the application's Cluster, which repeats by itself", repeating],
])('a client with %s', (name, open) => {
  test('never doubles an increment in silence when connections are killed', async ({ cluster }) => {
    await using client = await open(cluster);
    const counters = Array.from({ length: 30 }, (_, i) => `doubled:${name.length}:${i}`);
    await client.batch(counters.map((k) => ['set', k, '0', 'PX', 60_000]));

    const over = new AbortController();
    const killing = (async () => {
      while (!over.signal.aborted) {
        await sleep(20 + Math.random() * 40);
        const node = cluster.nodes[Math.floor(Math.random() * cluster.nodes.length)];
        await node?.admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
      }
    })();

    let acknowledged = 0;
    let unknown = 0;
    const others: unknown[] = [];
    const end = performance.now() + PATIENCE_MS;
    const isEnough = () => (acknowledged >= INCREMENTS && unknown >= LOST) || performance.now() > end;
    await Promise.all(
      Array.from({ length: WORKERS }, async (_, worker) => {
        for (let round = worker; !isEnough(); round++) {
          const counter = counters[round % counters.length] ?? '';
          try {
            if (round % 10 === 0) await client.call('eval', [SCRIPT, 1, counter], { deadline: '10s' });
            else await client.call('incr', [counter], { deadline: '10s' });
            acknowledged++;
          } catch (error) {
            if ((error as { code?: string }).code === 'CLUSTER_OUTCOME_UNKNOWN') unknown++;
            else others.push(error);
          }
        }
      }),
    );
    over.abort();
    await killing;

    const counts = await Promise.all(
      counters.map(async (k) => Number(await client.get(k, { deadline: '5s' }))),
    );
    const executed = counts.reduce((sum, n) => sum + n, 0);
    expect(others).toEqual([]);
    expect(executed).toBeGreaterThanOrEqual(acknowledged);
    expect(executed).toBeLessThanOrEqual(acknowledged + unknown);
    expect(unknown).toBeGreaterThanOrEqual(LOST);
  });
});
