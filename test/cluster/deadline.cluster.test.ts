import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import type { TestNode } from '@keyslot/testkit';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { listenToConnections } from '../bench/faults/watchers.ts';
import { codesOf, type Ended, ended, executions, keysOn, openClient } from './clients.ts';

const test = testWith({ replicasPerPrimary: 0 });
const ttl = '1m';
const DEADLINE = 600;

describe('a frozen primary', () => {
  test('costs each call its deadline and nothing else, and the other shards nothing', async ({ cluster }) => {
    await using client = await openClient(cluster, { deadline: DEADLINE });
    const frozen = cluster.primaryOf('x');
    const other = cluster.primaries.find((node) => node !== frozen) ?? frozen;
    const keys = keysOn(cluster, frozen, 50, 'frozen');
    const elsewhere = keysOn(cluster, other, 50, 'frozen');
    await client.batch([...keys, ...elsewhere].map((k) => ['set', k, k, 'PX', 60_000]));

    await cluster.freeze(frozen);
    const calls = [
      ...keys.map((k) => ended(client.get(k))),
      ...keys.map((k) => ended(client.set(k, 'y', { ttl }))),
      ...keys.map((k) => ended(client.call('append', [k, 'y']))),
      ended(client.batch(keys.map((k) => ['get', k]))),
    ];
    const healthy = await Promise.all(elsewhere.map((k) => ended(client.get(k))));
    expect(codesOf(healthy)).toEqual([]);
    expect(Math.max(...healthy.map(({ ms }) => ms))).toBeLessThan(DEADLINE);

    const ends = await Promise.all(calls);
    const batch = ends.pop();
    expect(batch).toHaveProperty('value.length', keys.length);
    expect(codesOf(ends)).toEqual(['CLUSTER_DEADLINE_EXCEEDED']);
    expect(ends.filter(({ error }) => error === undefined)).toEqual([]);
    // Their bytes are in the node's socket: it may execute them when it goes on.
    expect(new Set(ends.map(({ error }) => error?.executed))).toEqual(new Set(['unknown']));
    expect(Math.max(...ends.map(({ ms }) => ms), batch?.ms ?? 0)).toBeLessThan(2 * DEADLINE);
    expect(Math.min(...ends.map(({ ms }) => ms))).toBeGreaterThanOrEqual(DEADLINE - 1);

    await cluster.thaw(frozen);
    // On the same connection, behind the replies that nobody waits for any more.
    const values = await Promise.all(keys.map((k) => client.get(k, { deadline: '5s' })));
    expect(values).toEqual(keys.map(() => 'yy'));
  });

  test('does not execute afterwards what had not been sent by its deadline', async ({ cluster }) => {
    const frozen = cluster.primaryOf('x');
    const other = cluster.primaries.find((node) => node !== frozen) ?? frozen;
    const keys = keysOn(cluster, frozen, 20, 'unsent');
    const [known = ''] = keysOn(cluster, other, 1, 'known');
    const setUp = await openClient(cluster);
    await setUp.batch(keys.map((k, i) => ['set', k, `${i}`, 'PX', 60_000]));
    await setUp.close();
    const before = await executions(frozen, 'incr');

    await using client = await withoutConnectionTo(frozen, other, known);
    await cluster.freeze(frozen);
    // For one connection, by turns: each reply must find the command that it answers.
    const given: Promise<Ended>[] = [];
    const patient: Promise<string | null>[] = [];
    for (const k of keys) {
      given.push(ended(client.call('incr', [k], { deadline: 150 })));
      patient.push(client.get(k, { deadline: '5s' }));
    }
    const replies = ended(Promise.all(patient));
    const ends = await Promise.all(given);
    expect(codesOf(ends)).toEqual(['CLUSTER_DEADLINE_EXCEEDED']);
    expect(new Set(ends.map(({ error }) => error?.executed))).toEqual(new Set(['no']));
    await cluster.thaw(frozen);

    expect(await replies).toHaveProperty(
      'value',
      keys.map((_, i) => `${i}`),
    );
    expect(await executions(frozen, 'incr')).toBe(before);
  });

  test('keeps its connection for calls that have the time, and they go through when it answers', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    const frozen = cluster.primaryOf('x');
    const keys = keysOn(cluster, frozen, 20, 'patient');
    await cluster.freeze(frozen);
    const reads = keys.map((k) => ended(client.get(k, { deadline: '10s' })));
    const increments = keys.map((k) => ended(client.call('incr', [`${k}:n`], { deadline: '10s' })));
    await sleep(1300);
    // Nothing else is sent there meanwhile.
    const other = await ended(client.get(keys[0] ?? '', { deadline: '10s', whenOpen: 'reject' }));
    expect(codesOf([other])).toEqual(['CLUSTER_SHARD_UNAVAILABLE']);
    await cluster.thaw(frozen);

    expect(codesOf(await Promise.all([...reads, ...increments]))).toEqual([]);
    await client.batch(
      keys.map((k) => ['del', `${k}:n`]),
      { deadline: '5s' },
    );
  });

  test('is given up after a second when none of its calls has more time', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const frozen = cluster.primaryOf('x');
    const [k = ''] = keysOn(cluster, frozen, 1, 'hasty');
    using connections = listenToConnections();
    await cluster.freeze(frozen);
    const frozenAt = performance.now();
    expect(codesOf([await ended(client.get(k))])).toEqual(['CLUSTER_DEADLINE_EXCEEDED']);
    await expect
      .poll(() => connections.messages, { timeout: 5_000, interval: 10 })
      .toContainEqual({ node: `${frozen.host}:${frozen.port}`, state: 'lost' });
    expect(performance.now() - frozenAt).toBeLessThan(4_000);
    await cluster.thaw(frozen);
    await cluster.untilHealthy();
    expect(await client.get(k, { deadline: '5s' })).toBeNull();
  });
});

/** A client that has the topology, and no connection to one of the nodes. Which one ioredis asks first is chance. */
async function withoutConnectionTo(node: TestNode, other: TestNode, known: string): Promise<ClusterClient> {
  for (;;) {
    const client = new ClusterClient({ nodes: [{ host: other.host, port: other.port }] });
    await client.get(known, { deadline: '5s' });
    await sleep(20);
    if (!String(await node.admin.client('LIST')).includes(' name=keyslot ')) return client;
    await client.close();
  }
}
