import { ClusterClient } from '@keyslot/cluster';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { keysOn, openClient } from './clients.ts';

const test = testWith({ replicasPerPrimary: 0, nodeTimeoutMs: 10_000 });

describe('health()', () => {
  test('is up when every shard answers', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const { status, shards } = await client.health();
    expect(status).toBe('up');
    expect(shards.map(({ id }) => id).toSorted()).toEqual(cluster.nodes.map(({ id }) => id).toSorted());
    for (const shard of shards) {
      expect(shard).toMatchObject({ breaker: 'closed', inFlight: 0, connected: true });
      expect(shard.address).toBe(`127.0.0.1:${cluster.nodes.find(({ id }) => id === shard.id)?.port}`);
      expect(shard.ping).toEqual({ outcome: 'answered', ms: expect.any(Number) });
    }
  });

  test('is degraded when one is frozen, says which and what is under way there, and takes no longer than it may', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    const frozen = cluster.primaryOf('x');
    const [key = ''] = keysOn(cluster, frozen, 1, 'health');
    await cluster.freeze(frozen);
    const waiting = client.get(key, { deadline: '2s' }).catch(() => undefined);
    const start = performance.now();
    const { status, shards } = await client.health('300ms');
    expect(performance.now() - start).toBeLessThan(1_500);
    expect(status).toBe('degraded');
    const failed = shards.filter(({ ping }) => ping.outcome === 'failed');
    expect(failed).toMatchObject([
      { id: frozen.id, inFlight: 1, ping: { outcome: 'failed', code: 'CLUSTER_DEADLINE_EXCEEDED' } },
    ]);
    await waiting;
  });

  test('is down when none answers, and up again when all do', async ({ cluster }) => {
    await using client = await openClient(cluster);
    for (const node of cluster.nodes) await cluster.kill(node);
    await expect.poll(async () => (await client.health()).status).toBe('down');
    const { shards } = await client.health();
    expect(shards.map(({ connected }) => connected)).toEqual([false, false, false]);
    await cluster.heal();
    await expect.poll(async () => (await client.health()).status, { timeout: 10_000 }).toBe('up');
  });

  test('is down while nothing is known, and rejects once the client is closed', async () => {
    const client = new ClusterClient({ nodes: [{ host: '127.0.0.1', port: 1 }] });
    expect(await client.health()).toEqual({ status: 'down', shards: [] });
    await client.close();
    await expect(client.health()).rejects.toMatchObject({ code: 'CLUSTER_CLIENT_CLOSED' });
  });
});
