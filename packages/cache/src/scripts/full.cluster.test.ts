import { ClusterClient } from '@keyslot/cluster';
import { rawKey } from '@keyslot/keys';
import { test } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { leaseBytes } from '../entry.ts';
import { removeSeen } from '../remove-seen.ts';
import { newToken } from '../token.ts';
import { wakeChannelOf } from '../wake-channel.ts';
import { fill, release, renew } from './index.ts';

const key = (name: string) => rawKey<string>(`{full}:${name}`);

describe('a node that evicts nothing and is full', () => {
  // A script without `#!lua` is refused when its first denied command is, not as a whole: no flag has to allow it.
  test('takes releases, renewals and removals, known or not, and refuses fills', async ({ cluster }) => {
    await using client = new ClusterClient({ nodes: cluster.addresses, deadline: '5s' });
    await client.ready();
    const node = cluster.primaryOf('{full}');
    const token = newToken();
    const lease = leaseBytes(token);
    const channel = wakeChannelOf(key('').slot);
    const older = Buffer.concat([Buffer.from('V'), newToken()]);
    for (const name of ['released', 'renewed', 'filled']) await client.set(key(name), lease, { ttl: '20s' });
    await client.set(key('older'), Buffer.concat([older, Buffer.from('value')]), { ttl: '20s' });
    await client.set(key('newer'), 'V, and something else', { ttl: '20s' });
    await client.set(key('deleted'), 'value', { ttl: '20s' });

    await cluster.setMaxMemory(node, '1mb', 'noeviction');
    await expect(client.set(key('other'), 'value', { ttl: '1s' })).rejects.toMatchObject({ reply: 'OOM' });
    for (const knowsScripts of [false, true]) {
      if (!knowsScripts) await node.admin.script('FLUSH');
      const renewed = client.run(renew, { entry: key('renewed') }, { lease, leaseMs: 30_000 });
      expect(await renewed).toBe('renewed');
      const released = client.run(release, { entry: key('released') }, { head: lease, channel, note: '' });
      expect(await released).toBe(knowsScripts ? 'changed' : 'removed');
      expect(await removeSeen(client, key('older'), older)).toBe(knowsScripts ? 'changed' : 'removed');
      expect(await removeSeen(client, key('newer'), older)).toBe('changed');
      const args = { head: lease, value: Buffer.alloc(100), ttlMs: 1_000, channel };
      await expect(client.run(fill, { entry: key('filled') }, args)).rejects.toMatchObject({ reply: 'OOM' });
    }
    expect(await client.delete(key('deleted'))).toBe('deleted');
    expect(await client.delete(key('filled'))).toBe('deleted');
    expect(await node.admin.exists(key('released').text)).toBe(0);
    expect(await node.admin.pttl(key('renewed').text)).toBeGreaterThan(20_000);
    expect(await client.get(key('newer'))).toBe('V, and something else');
    for (const name of ['renewed', 'newer']) await client.delete(key(name));
  });
});
