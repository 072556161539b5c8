import { ClusterClient, type TopologyChange } from '@keyslot/cluster';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { testWith } from '@keyslot/testkit/vitest';
import { expect } from 'vitest';
import { keysOn, load } from './clients.ts';

const test = testWith({ replicasPerPrimary: 1, nodeTimeoutMs: 2_000 });

/** Sets and gets keys of all shards while something happens. None of it may fail. */
async function underLoad(
  client: ClusterClient,
  keys: readonly string[],
  happens: () => Promise<void>,
): Promise<void> {
  const working = load(8, async (worker, round) => {
    // With keys of its own, none of a worker's writes is superseded by another's.
    const k = `${keys[round % keys.length]}:${worker}`;
    await client.set(k, k, { ttl: '2m' });
    expect(await client.get(k)).toBe(k);
  });
  // Also when it fails: once the client is closed, each round would fail at once, for ever.
  const { rounds, errors } = await happens().then(working.stop, async (error: unknown) => {
    await working.stop();
    throw error;
  });
  expect(errors).toEqual([]);
  expect(rounds).toBeGreaterThan(100);
}

function allKeys(cluster: TestCluster, prefix: string): string[] {
  return cluster.primaries
    .filter(({ slotCount }) => slotCount > 0)
    .flatMap((node) => keysOn(cluster, node, 10, prefix));
}

/** Takes every connection that is not the testkit's own from nodes, so that nobody has one left. */
async function cutAll(nodes: readonly TestNode[]): Promise<void> {
  await Promise.all(
    nodes.map(({ admin }) => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')),
  );
}

test('a client finds a shard that is added, and does without one that is removed, without an error', async ({
  cluster,
}) => {
  await using client = new ClusterClient({ nodes: cluster.addresses, deadline: '10s' });
  await client.ready();
  const changes: TopologyChange[] = [];
  client.topology$.subscribe((topology) => void changes.push(...topology.changes));
  await underLoad(client, allKeys(cluster, 'added'), async () => {
    const from = cluster.primaryOf(0);
    const added = await cluster.addShard();
    const address = `127.0.0.1:${added.port}`;
    await cluster.moveSlots({ from, to: added, count: 400 });
    await expect.poll(() => client.slotOwner(0)?.primary, { timeout: 5_000 }).toBe(address);
    const [onAdded = ''] = keysOn(cluster, added, 1, 'onAdded');
    await client.set(onAdded, '1', { ttl: '1m' });
    expect(changes).toContainEqual({ kind: 'node-joined', id: added.id, address });

    await cluster.moveSlots({ from: added, to: from, count: 400 });
    for (const node of [...cluster.replicasOf(added), added]) await cluster.kill(node);
    await expect
      .poll(
        () =>
          changes.some(
            ({ kind, ...change }) => kind === 'node-left' && 'id' in change && change.id === added.id,
          ),
        {
          timeout: 5_000,
        },
      )
      .toBe(true);
    expect(await client.get(onAdded)).toBe('1');
  });
});

test('a client outlives all nodes that it was made with, and begins again at those that took their place', async ({
  cluster,
}) => {
  const owners = cluster.primaries.filter(({ slotCount }) => slotCount > 0);
  const heirs = owners.flatMap((node) => cluster.replicasOf(node));
  const nodes = owners.map(({ host, port }) => ({ host, port }));
  await using client = new ClusterClient({ nodes, deadline: '10s' });
  await client.ready();
  await underLoad(client, allKeys(cluster, 'replaced'), async () => {
    for (const node of owners) await cluster.failover(node);
    for (const node of owners) await cluster.kill(node);
    await expect
      .poll(async () => (await client.health()).shards.map(({ address }) => address).toSorted(), {
        timeout: 10_000,
      })
      .toEqual(heirs.map(({ port }) => `127.0.0.1:${port}`).toSorted());

    await cutAll(heirs);
    await client.ready('5s');
    await cutAll(heirs);
    await client.ready('5s');
  });
});
