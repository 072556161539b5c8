import { key, slotOf } from '@keyslot/keys';
import { test } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { countWrites, executions, openClient } from './clients.ts';
import { script } from './scripts.ts';

const append = script<'list', { value: string | Buffer }>(
  "redis.call('RPUSH', KEYS[1], ARGV[1]) redis.call('PEXPIRE', KEYS[1], 60000) return redis.call('LLEN', KEYS[1])",
  ['list'],
  ['value'],
);
const swap = script<'from' | 'to'>("return redis.call('GET', KEYS[2])", ['from', 'to']);

describe('a script', () => {
  test('that no node knows is sent with its text once, and by its hash from then on', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const node = cluster.primaryOf('flushed');
    for (const flushed of [1, 2]) {
      await Promise.all(cluster.nodes.map(({ admin }) => admin.script('FLUSH')));
      const evals = await executions(node, 'eval');
      expect(await client.run(append, { list: 'flushed' }, { value: 'a' })).toBe(2 * flushed - 1);
      expect(await client.run(append, { list: 'flushed' }, { value: Buffer.from([0xff]) })).toBe(2 * flushed);
      expect((await executions(node, 'eval')) - evals).toBe(1);
    }
  });

  test('that no node knows is executed once for each of many calls', async ({ cluster }) => {
    await using client = await openClient(cluster);
    await Promise.all(cluster.nodes.map(({ admin }) => admin.script('FLUSH')));
    const lengths = await Promise.all(
      Array.from({ length: 200 }, () => client.run(append, { list: 'many' }, { value: 'x' })),
    );
    expect(lengths.toSorted((a, b) => Number(a) - Number(b))).toEqual(lengths.map((_, i) => i + 1));
  });

  test('reaches a node that is taking its slot over, whether it knows the script or not', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    const list = '{asked}list';
    const slot = slotOf(list);
    const from = cluster.primaryOf(slot);
    const to = cluster.primaries.find((node) => node !== from) ?? from;
    await client.run(append, { list: 'known-at-the-source{asked}' }, { value: 'x' });
    await to.admin.script('FLUSH');
    await to.admin.cluster('SETSLOT', slot, 'IMPORTING', from.id);
    await from.admin.cluster('SETSLOT', slot, 'MIGRATING', to.id);
    try {
      for (let length = 1; length <= 10; length++) {
        expect(await client.run(append, { list }, { value: `${length}` })).toBe(length);
      }
      expect(await client.call('lrange', [list, -2, -1])).toEqual(['9', '10']);
    } finally {
      await cluster.moveSlots({ slots: [slot], to });
    }
    expect(await client.run(append, { list }, { value: 'moved' })).toBe(11);
  });

  test('with keys in two slots is refused before anything is sent, by their roles and templates', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster);
    const cart = key('shop:{cart:<id>}').holds<string>();
    const user = key('shop:{user:<id>}').holds<string>();
    using writes = countWrites();
    await expect(
      client.run(swap, { from: cart({ id: 'secret' }), to: user({ id: 'secret' }) }, {}),
    ).rejects.toMatchObject({
      code: 'CLUSTER_CROSS_SLOT',
      message:
        'The script test: its keys must lie in one slot but do not: from (shop:{cart:<id>}), ' +
        'to (shop:{user:<id>}); give their templates one hash tag',
    });
    expect(cluster.primaries.map(({ port }) => writes.to(port))).toEqual([0, 0, 0]);
  });

  test('may be sent by its hash alone, and then NOSCRIPT is the answer', async ({ cluster }) => {
    await using client = await openClient(cluster);
    await expect(client.call('evalsha', ['f'.repeat(40), 1, 'k'])).rejects.toMatchObject({
      code: 'CLUSTER_COMMAND_FAILED',
      reply: 'NOSCRIPT',
    });
  });
});
