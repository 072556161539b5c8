import { ClusterClient } from '@keyslot/cluster';
import { slotOf } from '@keyslot/keys';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { testWith } from '@keyslot/testkit/vitest';
import { Cluster } from 'ioredis';
import { describe, expect, vi } from 'vitest';
import { keysOn, openClient } from './clients.ts';
import { type HeldBack, heldBack } from './held-back.ts';

const test = testWith({ replicasPerPrimary: 0 });
const PATIENT = { deadline: '20s' } as const;
const LONG = { ttl: '1m', ...PATIENT } as const;

interface Scene extends AsyncDisposable {
  readonly client: ClusterClient;
  readonly key: string;
  readonly way: HeldBack;

  /** Gives the key's slot to the other node, and resolves once the client knows. */
  moveSlot(): Promise<void>;
}

/** A key of a node whose client can be kept from reaching it. */
async function sceneOf(cluster: TestCluster): Promise<Scene> {
  const from = cluster.primaryOf(0);
  const to = cluster.primaries.find((node) => node !== from) as TestNode;
  const way = await heldBack(from);
  const natMap = { [`${from.host}:${from.port}`]: { host: way.host, port: way.port } };
  // The application's own, since ours gives a connection up that is silent for a second.
  const ioredis = new Cluster([{ host: to.host, port: to.port }], {
    natMap,
    redisOptions: { protocol: 2, disableClientInfo: true },
  });
  const client = new ClusterClient({ cluster: ioredis, selfCheck: false });
  await client.ready();
  const [key = ''] = keysOn(cluster, from, 1, 'kept');
  const slot = slotOf(key);
  return {
    client,
    key,
    way,
    async moveSlot() {
      for (const node of [to, from]) await node.admin.call('CLUSTER', 'SETSLOT', `${slot}`, 'NODE', to.id);
      // Asked of any node, so all have to know; asked at once, and again until the answer is the new one.
      for (const node of cluster.primaries)
        await vi.waitFor(async () => expect(await ownerAt(node, slot)).toBe(to.port), { timeout: 10_000 });
      await vi.waitFor(
        async () => {
          await client.ready('100ms').catch(() => 'not while one node is out of reach');
          expect(ioredis.slots[slot]?.[0]).toBe(`${to.host}:${to.port}`);
        },
        { timeout: 10_000 },
      );
    },
    async [Symbol.asyncDispose]() {
      // A node with keys of a slot does not give it away.
      await client.delete(key, PATIENT);
      await client.close();
      ioredis.disconnect();
      await way[Symbol.asyncDispose]();
      for (const node of [from, to]) await node.admin.call('CLUSTER', 'SETSLOT', `${slot}`, 'NODE', from.id);
    },
  };
}

/** The port of the primary that has a slot, as far as a node knows. */
async function ownerAt(node: TestNode, slot: number): Promise<number | undefined> {
  const ranges = await node.admin.cluster('SLOTS');
  return ranges.find(([first, last]) => first <= slot && slot <= last)?.[2]?.[1];
}

/** What became of a write, by the name of its error. */
const fateOf = (write: Promise<unknown>): Promise<unknown> =>
  write.then(
    (value) => value ?? 'stored',
    (error: Error) => error.name,
  );

describe('a write that has not reached its node when the slot goes to another one', () => {
  test('does not overwrite a later one that the new owner has confirmed', async ({ cluster }) => {
    await using at = await sceneOf(cluster);
    const { client, key, way } = at;
    way.hold();
    const earlier = fateOf(client.set(key, 'earlier', LONG));
    await vi.waitFor(() => expect(way.kept()).toBeGreaterThan(0));
    await at.moveSlot();

    await client.set(key, 'later', LONG);
    way.release();
    expect([await earlier, await client.get(key)]).toEqual(['SupersededError', 'later']);
  });

  test('is followed by later ones that only change the value', async ({ cluster }) => {
    await using at = await sceneOf(cluster);
    const { client, key, way } = at;
    way.hold();
    const earlier = fateOf(client.call('append', [key, 'a'], { ...PATIENT, safety: 'idempotent' }));
    await vi.waitFor(() => expect(way.kept()).toBeGreaterThan(0));
    await at.moveSlot();

    const later = fateOf(client.call('append', [key, 'b'], PATIENT));
    await new Promise((resolve) => setTimeout(resolve, 100));
    way.release();
    expect([await earlier, await later, await client.get(key)]).toEqual([1, 2, 'ab']);
  });

  test('is followed in order by all that were sent with it', async ({ cluster }) => {
    await using at = await sceneOf(cluster);
    const { client, key, way } = at;
    way.hold();
    const fates = ['a', 'b', 'c', 'd'].map((value) => fateOf(client.set(key, value, LONG)));
    await vi.waitFor(() => expect(way.kept()).toBeGreaterThan(0));
    await at.moveSlot();
    way.release();
    expect([await Promise.all(fates), await client.get(key)]).toEqual([
      ['stored', 'stored', 'stored', 'stored'],
      'd',
    ]);
  });
});

/** The outcomes of writes that are made one after the other while their primary is down, and the key's value then. */
async function whileDown(
  cluster: TestCluster,
  client: ClusterClient,
  key: string,
  writes: readonly (() => Promise<unknown>)[],
): Promise<unknown[]> {
  const primary = cluster.primaryOf(key);
  await cluster.kill(primary);
  await vi.waitFor(async () => {
    expect(await fateOf(client.set(key, 'none', { ttl: '1m', whenOpen: 'reject' }))).toBe(
      'ShardUnavailableError',
    );
  });
  const fates: Promise<unknown>[] = [];
  for (const write of writes) {
    fates.push(fateOf(write()));
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  await cluster.restart(primary);
  return Promise.all(fates);
}

describe('writes that wait for their primary', () => {
  test('are not given up for a later one that has no time to wait', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const key = 'waiting';
    const fates = await whileDown(cluster, client, key, [
      () => client.set(key, 'stands', LONG),
      () => client.set(key, 'no time', { ttl: '1m', deadline: 100 }),
      () => client.set(key, 'no patience', { ttl: '1m', whenOpen: 'reject' }),
    ]);
    expect(fates).toEqual(['stored', 'DeadlineExceededError', 'ShardUnavailableError']);
    expect(await client.get(key, PATIENT)).toBe('stands');
  });

  test('are given up for a later one that waits as long', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const key = 'waiting';
    const fates = await whileDown(cluster, client, key, [
      () => client.set(key, 'first', LONG),
      () => client.set(key, 'last', LONG),
    ]);
    expect(fates).toEqual(['SupersededError', 'stored']);
    expect(await client.get(key, PATIENT)).toBe('last');
  });

  test('stay in the order of all their keys', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const pairs = Array.from({ length: 20 }, (_, i) => [`{waiting}${i}a`, `{waiting}${i}b`] as const);
    const fates = await whileDown(
      cluster,
      client,
      '{waiting}',
      pairs.flatMap(([a, b]) => [
        () => client.call('mset', [a, 'first', b, 'first'], PATIENT),
        () => client.set(b, 'last', LONG),
      ]),
    );
    expect(new Set(fates)).toEqual(new Set(['OK', 'stored']));
    const values = await Promise.all(pairs.map(([, b]) => client.get(b, PATIENT)));
    expect(new Set(values)).toEqual(new Set(['last']));
    await client.batch(pairs.flatMap(([a]) => [['del', a] as const]));
  });
});
