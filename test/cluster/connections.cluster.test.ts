import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Cache } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { key } from '@keyslot/keys';
import { testWith } from '@keyslot/testkit/vitest';
import { afterEach, describe, expect, vi } from 'vitest';
import { certificate } from './certificate.ts';
import { ended, keysOn, load, openClient } from './clients.ts';
import { aclRule } from './minimal-acl.ts';

const test = testWith({ replicasPerPrimary: 0, nodeTimeoutMs: 10_000 });
const PASSWORD = 'not-to-be-seen-anywhere';

const placeById = key('conn:{place:<id>}:detail').holds<{ name: string }>();

/** Uses what the client and the cache have, once each. */
async function useAll(client: ClusterClient): Promise<void> {
  await using cache = new Cache({ client, namespace: 'conn' });
  await cache.ready('10s');
  const place = placeById({ id: 1 });
  expect(await cache.getOrSet(place, () => ({ name: 'Wien' }))).toEqual({ name: 'Wien' });
  await cache.set(place, { name: 'Graz' }, { ttl: '1m' });
  expect(await cache.get(place)).toMatchObject({ name: 'Graz' });
  expect(await cache.delete(place)).toMatchObject({ outcome: 'deleted' });

  const text = 'conn:{a}:text';
  await client.set(text, '1', { ttl: '1m', deadline: '2s' });
  expect(await client.get(text, { deadline: '2s' })).toBe('1');
  expect(await client.delete(text, { deadline: '2s' })).toBe('deleted');
  expect((await client.health('2s')).status).toBe('up');
}

describe('an ACL user', () => {
  afterEach(() => vi.restoreAllMocks());

  test('who may do no more than the README says has all that client and cache need, also while slots move', async ({
    cluster,
  }) => {
    const warn = vi.spyOn(console, 'warn');
    for (const { admin } of cluster.nodes) {
      await admin.call('ACL', 'SETUSER', 'minimal', 'reset', 'on', `>${PASSWORD}`, ...aclRule('conn'));
    }
    const connection = { username: 'minimal', password: PASSWORD };
    await using client = await openClient(cluster, { connection });
    await useAll(client);
    expect((await client.selfCheck()).filter(({ code }) => code === 'COMMAND_DENIED')).toEqual([]);

    const from = cluster.primaryOf(0);
    const to = cluster.primaries.find((node) => node !== from) ?? from;
    const keys = keysOn(cluster, from, 40, 'conn');
    const working = load(8, async (worker, round) => {
      const k = keys[(worker + round * 8) % keys.length] ?? '';
      await client.set(k, k, { ttl: '1m', deadline: '5s' });
      expect(await client.get(k, { deadline: '5s' })).toBe(k);
    });
    await cluster.moveSlots({ from, to, count: 300 });
    const { rounds, errors } = await working.stop();
    expect(errors).toEqual([]);
    expect(rounds).toBeGreaterThan(50);
    // ioredis warns of an INFO that it may not ask.
    expect(warn).not.toHaveBeenCalled();
  });

  test('with a wrong password is told so by ready(), and nobody is told the password', async ({
    cluster,
  }) => {
    for (const { admin } of cluster.nodes) {
      await admin.call('ACL', 'SETUSER', 'wrong', 'reset', 'on', '>right', '+@all', '~*', '&*');
    }
    const connection = { username: 'wrong', password: PASSWORD };
    await using client = new ClusterClient({ nodes: cluster.addresses, connection });
    const { error, ms } = await ended(client.ready('1s'));
    expect(error).toMatchObject({
      code: 'CLUSTER_NOT_CONNECTED',
      retryable: true,
      message: expect.stringMatching(/^The cluster was not connected within 1000 ms; .*WRONGPASS/),
      why: expect.stringMatching(/^127\.0\.0\.1:\d+: WRONGPASS invalid username-password pair/),
    });
    expect(ms).toBeLessThan(3_000);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(PASSWORD);

    const [finding] = await client.selfCheck();
    expect(finding).toMatchObject({
      code: 'TOPOLOGY_UNKNOWN',
      message: expect.stringContaining('WRONGPASS'),
    });
    // The password is corrected: the client finds out by itself.
    for (const { admin } of cluster.nodes) await admin.call('ACL', 'SETUSER', 'wrong', `>${PASSWORD}`);
    await client.ready('10s');
    await client.set('conn:{b}', '1', { ttl: '1m' });
  });
});

describe('TLS', () => {
  test('is spoken to every node, and by subscriptions; a server that is not trusted is named by ready()', async ({
    cluster,
  }) => {
    await using files = await certificate();
    const before = new Map<object, number>();
    for (const node of cluster.nodes) {
      const { admin, port } = node;
      before.set(node, port);
      await admin.config(
        'SET',
        'tls-ca-cert-file',
        files.cert,
        'tls-cert-file',
        files.cert,
        'tls-key-file',
        files.key,
      );
      await admin.config('SET', 'tls-auth-clients', 'no', 'tls-port', `${port + 500}`);
      await admin.config('SET', 'cluster-announce-port', `${port + 500}`);
    }
    try {
      const nodes = cluster.nodes.map(({ host, port }) => ({ host, port: port + 500 }));
      await untilAnnounced(cluster, (port) => port + 500);
      await using client = new ClusterClient({
        nodes,
        connection: { tls: { ca: files.ca } },
        deadline: '1s',
      });
      await client.ready('10s');
      await useAll(client);
      const lists = await Promise.all(cluster.nodes.map(({ admin, port }) => onPort(admin, port + 500)));
      expect(lists.every((names) => names.includes('keyslot'))).toBe(true);
      expect((await client.selfCheck()).filter(({ code }) => code === 'NODE_UNREACHABLE')).toEqual([]);

      await using distrustful = new ClusterClient({ nodes, connection: { tls: {} } });
      expect((await ended(distrustful.ready('700ms'))).error).toMatchObject({
        code: 'CLUSTER_NOT_CONNECTED',
        why: expect.stringMatching(/self-signed certificate/),
      });
    } finally {
      for (const { admin } of cluster.nodes) {
        await admin.config('SET', 'cluster-announce-port', '0');
        await admin.config('SET', 'tls-port', '0');
      }
      await untilAnnounced(cluster, (port) => port);
    }
  });
});

describe('addresses', () => {
  test('that the nodes announce and nobody reaches are mapped, redirects included', async ({ cluster }) => {
    // Nothing listens there: a client that believed them would not get anywhere.
    const announced = (port: number) => port + 700;
    for (const { admin, port } of cluster.nodes) {
      await admin.config('SET', 'cluster-announce-port', `${announced(port)}`);
    }
    try {
      await untilAnnounced(cluster, announced);
      const natMap = Object.fromEntries(
        cluster.nodes.map(({ host, port }) => [`${host}:${announced(port)}`, { host, port }]),
      );
      await using client = await openClient(cluster, { connection: { natMap }, deadline: '5s' });
      await useAll(client);
      expect((await client.selfCheck()).filter(({ code }) => code === 'NODE_UNREACHABLE')).toEqual([]);

      const from = cluster.primaryOf(16_000);
      const to = cluster.primaries.find((node) => node !== from) ?? from;
      const keys = keysOn(cluster, from, 40, 'nat');
      const working = load(8, async (worker, round) => {
        const k = keys[(worker + round * 8) % keys.length] ?? '';
        await client.set(k, k, { ttl: '1m' });
        expect(await client.get(k)).toBe(k);
      });
      await cluster.moveSlots({ from, to, count: 300 });
      const { errors } = await working.stop();
      expect(errors).toEqual([]);
    } finally {
      for (const { admin } of cluster.nodes) await admin.config('SET', 'cluster-announce-port', '0');
      await untilAnnounced(cluster, (port) => port);
    }
  });

  test('that are host names are looked up, redirects included', async ({ cluster }) => {
    const set = async (name: string, type: string) => {
      for (const { admin } of cluster.nodes) {
        await admin.config('SET', 'cluster-announce-hostname', name);
        await admin.config('SET', 'cluster-preferred-endpoint-type', type);
      }
      await expect
        .poll(
          async () => {
            const replies = await Promise.all(cluster.nodes.map(({ admin }) => admin.cluster('SLOTS')));
            return replies.every((reply) => slotHosts(reply).every((host) => host === (name || '127.0.0.1')));
          },
          { timeout: 10_000 },
        )
        .toBe(true);
    };
    await set('localhost', 'hostname');
    try {
      await using client = await openClient(cluster, { deadline: '5s' });
      await useAll(client);
      const { shards } = await client.health();
      expect(shards.every(({ address }) => address.startsWith('localhost:'))).toBe(true);

      const from = cluster.primaryOf(8_000);
      const to = cluster.primaries.find((node) => node !== from) ?? from;
      const keys = keysOn(cluster, from, 20, 'host');
      await Promise.all(keys.map((k) => client.set(k, k, { ttl: '1m' })));
      await cluster.moveSlots({ from, to, count: 500 });
      expect(await Promise.all(keys.map((k) => client.get(k)))).toEqual(keys);
    } finally {
      await set('', 'ip');
    }
  });
});

describe('a cluster that is down when the client is made', () => {
  test('is found within 5 s of being up, and what waited for it is answered', async ({ cluster }) => {
    for (const node of cluster.nodes) await cluster.kill(node);
    await using client = new ClusterClient({ nodes: cluster.addresses });
    await sleep(3000);
    const patient = ended(client.set('lazy:{a}', '1', { ttl: '1m', deadline: '30s' }));
    for (const node of cluster.nodes) await cluster.restart(node);
    await cluster.untilHealthy();
    const upAt = performance.now();
    await client.ready('10s');
    expect((await patient).error).toBeUndefined();
    expect(performance.now() - upAt).toBeLessThan(5000);
  });
});

type Cluster = { readonly nodes: readonly { readonly port: number; readonly admin: Admin }[] };
type Admin = { cluster(what: 'SLOTS'): Promise<unknown>; client(what: 'LIST'): Promise<unknown> };

/** Resolves when every node announces every node as it should. */
async function untilAnnounced({ nodes }: Cluster, announced: (port: number) => number): Promise<void> {
  const ports = nodes.map(({ port }) => announced(port)).toSorted((a, b) => a - b);
  await expect
    .poll(
      async () => {
        const replies = await Promise.all(nodes.map(({ admin }) => admin.cluster('SLOTS')));
        return replies.map((reply) => [...new Set(slotPorts(reply))].toSorted((a, b) => a - b));
      },
      { timeout: 10_000 },
    )
    .toEqual(nodes.map(() => ports));
}

type SlotsReply = [number, number, [host: string, port: number]][];
const slotPorts = (reply: unknown) => (reply as SlotsReply).map(([, , [, port]]) => port);
const slotHosts = (reply: unknown) => (reply as SlotsReply).map(([, , [host]]) => host);

/** The names of the connections that came in on a port. */
async function onPort(admin: Admin, port: number): Promise<string> {
  const lines = String(await admin.client('LIST')).split('\n');
  return lines.filter((line) => line.includes(`laddr=127.0.0.1:${port} `)).join('\n');
}
