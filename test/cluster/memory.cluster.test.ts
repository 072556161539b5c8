import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient, type MemoryUnread, type ShardMemory } from '@keyslot/cluster';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { testWith } from '@keyslot/testkit/vitest';
import { firstValueFrom } from 'rxjs';
import { describe, expect, vi } from 'vitest';
import { executions, keysOn, openClient } from './clients.ts';

const test = testWith({ replicasPerPrimary: 0, nodeTimeoutMs: 20_000 });

async function infoField(node: TestNode, name: string): Promise<string> {
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(await node.admin.info('memory'))?.[1] ?? '';
}

function oneOf(cluster: TestCluster): { readonly node: TestNode; readonly key: string } {
  const node = cluster.primaryOf('memory');
  return { node, key: keysOn(cluster, node, 1, 'memory')[0] ?? '' };
}

describe('memory$', () => {
  test('says of every shard what its primary says of itself', async ({ cluster }) => {
    const { node: limited, key } = oneOf(cluster);
    await cluster.setMaxMemory(limited, '50mb', 'allkeys-lfu');
    await using client = await openClient(cluster);
    const told = await firstValueFrom(client.memory$);
    expect(told.map(({ shard }) => shard).toSorted()).toEqual(cluster.nodes.map(({ id }) => id).toSorted());
    for (const { shard, address, usedBytes, rssBytes, fragmentation, at, ageMs } of told) {
      const node = cluster.nodes.find(({ id }) => id === shard) as TestNode;
      expect(address).toBe(`127.0.0.1:${node.port}`);
      const used = Number(await infoField(node, 'used_memory'));
      expect(Math.abs(usedBytes - used) / used).toBeLessThan(0.2);
      expect(rssBytes).toBeGreaterThan(1_000_000);
      expect(fragmentation).toBeGreaterThan(0);
      expect(Math.abs(Date.now() - at)).toBeLessThan(2_000);
      expect(ageMs).toBe(0);
    }
    const of = client.memoryOf(key) as ShardMemory;
    expect(of).toMatchObject({ shard: limited.id, maxBytes: 50 * 1024 * 1024, policy: 'allkeys-lfu' });
    expect(of.ratio).toBeCloseTo(of.usedBytes / of.maxBytes, 10);
    const unlimited = told.filter(({ shard }) => shard !== limited.id);
    expect(unlimited.map(({ maxBytes, ratio, policy }) => [maxBytes, ratio, policy])).toEqual([
      [0, 0, 'noeviction'],
      [0, 0, 'noeviction'],
    ]);
  });

  test('asks each primary once a second, of all that ask, and nobody while none does', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    const { node, key } = oneOf(cluster);
    // Connections that begin ask as well.
    await client.get(key);
    await sleep(1_500);
    const before = await executions(node, 'info');
    await sleep(2_000);
    // The testkit's own questions are INFO, too.
    expect((await executions(node, 'info')) - before).toBe(1);

    const subscriptions = Array.from({ length: 5 }, () => client.memory$.subscribe());
    const from = await executions(node, 'info');
    await sleep(5_000);
    const asked = (await executions(node, 'info')) - from - 1;
    expect(asked).toBeGreaterThanOrEqual(4);
    expect(asked).toBeLessThanOrEqual(7);
    for (const each of subscriptions) each.unsubscribe();
  });

  test('follows what happens within some seconds, also on the way of a reader', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const { node, key } = oneOf(cluster);
    await expect.poll(() => client.memoryOf(key)?.maxBytes).toBe(0);
    await cluster.setMaxMemory(node, '1mb');
    await expect.poll(() => client.memoryOf(key)?.ratio ?? 0, { timeout: 5_000 }).toBeGreaterThan(1);
    await cluster.heal();
    await expect.poll(() => client.memoryOf(key)?.ratio, { timeout: 5_000 }).toBe(0);
  });

  test('keeps what a frozen node said last, with its age, says so once, and tells of the others', async ({
    cluster,
  }) => {
    const told: MemoryUnread[] = [];
    const hear = (message: unknown) => void told.push(message as MemoryUnread);
    await using client = await openClient(cluster);
    const { node, key } = oneOf(cluster);
    const rounds = vi.fn<(all: readonly ShardMemory[]) => void>();
    client.memory$.subscribe(rounds);
    await expect.poll(() => client.memoryOf(key)).toBeDefined();
    const last = client.memoryOf(key) as ShardMemory;
    subscribe('keyslot:cluster.memory', hear);
    try {
      await cluster.freeze(node);
      await expect.poll(() => client.memoryOf(key)?.ageMs ?? 0, { timeout: 10_000 }).toBeGreaterThan(3_000);
      expect(client.memoryOf(key)?.at).toBeLessThanOrEqual(last.at + 2_500);
      const [all = []] = rounds.mock.lastCall ?? [];
      expect(all.length).toBe(3);
      const others = all.filter(({ shard }) => shard !== node.id);
      for (const { ageMs } of others) expect(ageMs).toBe(0);
      expect(told).toEqual([{ shard: node.id, why: expect.any(String) }]);

      await cluster.thaw(node);
      await expect.poll(() => client.memoryOf(key)?.ageMs, { timeout: 10_000 }).toBe(0);
    } finally {
      unsubscribe('keyslot:cluster.memory', hear);
    }
  });

  test('completes when the client is closed', async () => {
    const client = new ClusterClient({ nodes: [{ host: '127.0.0.1', port: 1 }] });
    const completed = vi.fn<() => void>();
    client.memory$.subscribe({ complete: completed });
    expect(client.memoryOf('x')).toBeUndefined();
    await client.close();
    expect(completed).toHaveBeenCalledOnce();
  });
});
