import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { codesOf, ended, executions, keysOn, openClient } from './clients.ts';
import { ownersOf } from './keys-on.ts';

const test = testWith({ replicasPerPrimary: 2 });

describe('reads from replicas', () => {
  test('are spread over those of the shard, and leave one that refuses for another', async ({ cluster }) => {
    await using client = await openClient(cluster, { deadline: '2s', selfCheck: false });
    const [node] = ownersOf(cluster);
    if (node === undefined) throw new Error('A test cluster without a primary');
    const replicas = cluster.replicasOf(node);
    const keys = keysOn(cluster, node, 30, 'spread');
    await Promise.all(keys.map((k) => client.set(k, k, { ttl: '1m' })));
    await node.admin.wait(2, 5_000);
    const read = () => Promise.all(keys.map((k) => ended(client.get(k, { readFrom: 'replica' }))));

    expect(codesOf(await read())).toEqual([]);
    for (const replica of replicas) expect(await executions(replica, 'get')).toBeGreaterThanOrEqual(10);

    for (const { admin } of replicas) {
      // Its link to the primary stays down, and it says so instead of answering.
      await admin.config('SET', 'replica-serve-stale-data', 'no');
      await admin.config('SET', 'masteruser', 'nobody');
      await admin.config('SET', 'masterauth', 'wrong');
      await admin.call('CLIENT', 'KILL', 'TYPE', 'master');
      await expect.poll(() => admin.info('replication'), { timeout: 5_000 }).toContain('link_status:down');
      expect(codesOf(await read())).toEqual([]);
      await admin.config('SET', 'masteruser', '');
      await admin.config('SET', 'masterauth', '');
      await admin.config('SET', 'replica-serve-stale-data', 'yes');
      await expect.poll(() => admin.info('replication'), { timeout: 10_000 }).toContain('link_status:up');
    }
  });
});
