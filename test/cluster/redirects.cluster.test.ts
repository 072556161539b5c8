import { setTimeout as sleep } from 'node:timers/promises';
import { slotOf } from '@keyslot/keys';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect, onTestFinished } from 'vitest';
import { ended, keysOn, openClient } from './clients.ts';
import { type HeldBack, heldBack } from './held-back.ts';

const test = testWith({ replicasPerPrimary: 0, serverArgs: ['--rename-command', 'SETRANGE', 'notknown'] });
const PATIENT = { deadline: '8s' } as const;

/** Leaves a slot on its way from one node to another, and puts it back when the test is over. */
async function halfMigrated(slot: number, from: TestNode, to: TestNode): Promise<void> {
  await to.admin.call('CLUSTER', 'SETSLOT', `${slot}`, 'IMPORTING', from.id);
  await from.admin.call('CLUSTER', 'SETSLOT', `${slot}`, 'MIGRATING', to.id);
  onTestFinished(async () => {
    for (const node of [from, to])
      if (node.state === 'running') await node.admin.call('CLUSTER', 'SETSLOT', `${slot}`, 'STABLE');
  });
}

/** Stores a key at the node that takes its slot over. */
async function setAt(node: TestNode, key: string, value: string): Promise<void> {
  await node.admin.pipeline().call('ASKING').set(key, value, 'PX', 60_000).exec();
}

/** What went wrong in nobody's hands. */
function unhandled(): Error[] {
  const errors: Error[] = [];
  const note = (error: Error) => void errors.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  return errors;
}

const otherThan = (cluster: TestCluster, node: TestNode): TestNode =>
  cluster.primaries.find((other) => other !== node) as TestNode;

describe('a slot on its way', () => {
  test('is followed to a node that has no slot yet, and whose loss costs the call alone', async ({
    cluster,
  }) => {
    const fresh = await cluster.addShard();
    await using client = await openClient(cluster);
    const key = '{asked}key';
    await halfMigrated(slotOf(key), cluster.primaryOf(key), fresh);
    await setAt(fresh, key, 'there');
    expect(await client.get(key, PATIENT)).toBe('there');

    const errors = unhandled();
    await cluster.kill(fresh);
    const { error } = await ended(client.get(key, { deadline: '1s' }));
    await sleep(200);
    expect([error?.code, errors]).toEqual(['CLUSTER_DEADLINE_EXCEEDED', []]);
  });

  test('is waited for by a command of several keys until they are together', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const keys = ['{together}a', '{together}b'];
    const from = cluster.primaryOf('{together}');
    const to = otherThan(cluster, from);
    await halfMigrated(slotOf('{together}'), from, to);
    const values = ended(client.call('mget', keys, PATIENT));
    await sleep(1_000);
    for (const key of keys) await setAt(to, key, key);
    expect(await values).toMatchObject({ value: keys });
    await to.admin
      .pipeline()
      .call('ASKING')
      .del(...keys)
      .exec();
  });
});

describe('a command whose keys nobody recognises', () => {
  test('finds its node by the first redirect', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const ends = await Promise.all(
      Array.from({ length: 100 }, (_, i) => ended(client.call('notknown', [`k${i}`, 0, 'v'], PATIENT))),
    );
    expect(new Set(ends.map((end) => end.error?.code ?? ('value' in end && end.value)))).toEqual(
      new Set([1]),
    );
    await Promise.all(Array.from({ length: 100 }, (_, i) => client.delete(`k${i}`)));
  });
});

test('that a slot has a new owner is told once, however many calls find out', async ({ cluster }) => {
  await using client = await openClient(cluster, { deadline: '5s' });
  const from = cluster.primaryOf(0);
  const to = otherThan(cluster, from);
  const [tag = ''] = keysOn(cluster, from, 1, 'once');
  let told = 0;
  client.onOwnerChange((concerns) => void (concerns(slotOf(tag)) && told++));
  await cluster.moveSlots({ slots: [slotOf(tag)], to });
  await Promise.all(Array.from({ length: 50 }, (_, i) => client.get(`${tag}:${i}`)));
  // By the first redirect, and by the topology that confirms it.
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThanOrEqual(2);
});

test('calls whose connections were all lost at once are answered soon after', async ({ cluster }) => {
  const ways = await Promise.all(cluster.primaries.map(heldBack));
  onTestFinished(async () => {
    for (const way of ways) await way[Symbol.asyncDispose]();
  });
  const natMap = Object.fromEntries(
    cluster.primaries.map(({ host, port }, i) => {
      const way = ways[i] as HeldBack;
      return [`${host}:${port}`, { host: way.host, port: way.port }];
    }),
  );
  await using client = await openClient(cluster, { connection: { natMap } });
  for (const way of ways) way.hold();
  const ends = Promise.all(Array.from({ length: 900 }, (_, i) => ended(client.get(`lost${i}`, PATIENT))));
  await sleep(50);
  for (const way of ways) way.cut();
  const all = await ends;
  expect(all.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(Math.max(...all.map(({ ms }) => ms))).toBeLessThan(5_000);
});
