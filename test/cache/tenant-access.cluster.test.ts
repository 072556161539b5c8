import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cache, type TenantCache, tenantAccess } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { hashTagOf, key, slotOf } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { testWith } from '@keyslot/testkit/vitest';
import { Cluster } from 'ioredis';
import { describe, expect } from 'vitest';
import { Tenant } from '../../packages/cache/src/tenant.ts';
import { executions } from '../cluster/clients.ts';
import { ClusterUser } from './tenant-user.ts';

const test = testWith({ replicasPerPrimary: 1 });
const NAMESPACE = 'tenancy';
const placeById = key('places:{place:<id>}:detail').holds<string>();

function newPlace() {
  return placeById({ id: randomUUID() });
}

interface Opened {
  readonly client: ClusterClient;
  readonly cache: Cache;
}

/** As a process of the user's would have it. The self-check asks for more, and is the operator's. */
async function openAs(user: ClusterUser, cluster: TestCluster, into: AsyncDisposableStack): Promise<Opened> {
  const { connection } = user;
  const nodes = cluster.addresses;
  const client = into.use(new ClusterClient({ nodes, connection, selfCheck: false, deadline: '2s' }));
  const cache = into.use(new Cache({ client, namespace: NAMESPACE, lease: '90ms', local: { ttl: '1m' } }));
  await cache.ready('3s');
  return { client, cache };
}

async function everywhere(cluster: TestCluster, ...command: [string, ...(string | number)[]]): Promise<void> {
  await Promise.all(cluster.primaries.map(({ admin }) => admin.call(...command)));
}

/** One load that another process waits for, and is called when it ends. */
async function loadForBoth(
  cluster: TestCluster,
  tenant: string,
  [leader, other]: [TenantCache, TenantCache],
) {
  const place = newPlace();
  const text = `${NAMESPACE}:@${tenant}:${place.text}`;
  const loaded = Promise.withResolvers<string>();
  const leading = leader.getOrSet(place, () => loaded.promise);
  await expect.poll(() => cluster.primaryOf(text).admin.exists(text), { interval: 2 }).toBe(1);
  const waiting = other.getOrSet(place, () => 'loaded by the other one');
  // Marked: the waiter is going to be told. And longer than a third of the lease: it is renewed meanwhile.
  const { admin } = cluster.primaryOf(text);
  await expect.poll(() => admin.strlen(text), { interval: 2, timeout: 1000 }).toBe(18);
  await sleep(100);
  loaded.resolve('Wien');
  expect(await Promise.all([leading, waiting])).toEqual(['Wien', 'Wien']);
  return place;
}

/** Sends a read to a slot that is on its way to another node, where the key is no more. */
async function askElsewhere(cluster: TestCluster, client: ClusterClient, text: string): Promise<void> {
  const from = cluster.primaryOf(text);
  const to = cluster.primaries.find((node) => node !== from) ?? from;
  const slot = slotOf(text);
  await to.admin.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await from.admin.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  try {
    expect(await client.get(text)).toBeNull();
  } finally {
    await Promise.all([from, to].map(({ admin }) => admin.call('CLUSTER', 'SETSLOT', slot, 'STABLE')));
  }
}

/** Whatever the cache does for a tenant. Ends with the first thing that does not work. */
async function useAll(cluster: TestCluster, user: ClusterUser, tenant: string): Promise<void> {
  await using open = new AsyncDisposableStack();
  await everywhere(cluster, 'SCRIPT', 'FLUSH');
  const one = await openAs(user, cluster, open);
  const other = await openAs(user, cluster, open);
  const both: [TenantCache, TenantCache] = [one.cache.forTenant(tenant), other.cache.forTenant(tenant)];
  const [mine, others] = both;

  // The scripts are not there yet, and then they are.
  const place = await loadForBoth(cluster, tenant, both);
  await loadForBoth(cluster, tenant, both);

  // The other process keeps it in memory until it is told.
  expect(await mine.set(place, 'Graz')).toEqual({ outcome: 'stored' });
  await expect.poll(() => others.get(place)).toBe('Graz');
  expect(await others.getOrSet(place, () => 'Linz')).toBe('Graz');
  expect(await mine.delete(place)).toMatchObject({ outcome: 'deleted' });
  await expect.poll(() => others.get(place)).toBeUndefined();

  const failing = mine.getOrSet(newPlace(), () => Promise.reject(new Error('no database')));
  await expect(failing).rejects.toMatchObject({ code: 'CACHE_LOADER_FAILED' });

  const text = `${NAMESPACE}:@${tenant}:${newPlace().text}`;
  expect(await one.client.get(text, { readFrom: 'replica' })).toBeNull();
  await askElsewhere(cluster, one.client, text);

  // Around a cluster of the application's own, which asks for more before it is ready.
  const { username, password } = user.connection;
  const redisOptions = { username, password, disableClientInfo: true };
  const theirs = new Cluster([...cluster.addresses], { redisOptions });
  open.defer(() => theirs.disconnect());
  theirs.on('error', () => {});
  const around = open.use(new ClusterClient({ cluster: theirs, selfCheck: false, deadline: '2s' }));
  await around.ready('3s');
  expect(await around.get(text)).toBeNull();
}

function commandsOf(rules: string): string[] {
  return rules
    .split(' ')
    .filter((rule) => rule.startsWith('+'))
    .map((rule) => rule.slice(1))
    .toSorted();
}

describe('the user of one tenant', () => {
  const rules = tenantAccess({ namespace: NAMESPACE, tenant: 'acme' });

  test('may do all that the cache does for the tenant, and is refused nothing on the way', async ({
    cluster,
  }) => {
    await using user = await ClusterUser.create(cluster, rules);
    const before = await Promise.all(cluster.nodes.map((node) => executions(node, 'evalsha')));
    await useAll(cluster, user, 'acme');
    const after = await Promise.all(cluster.nodes.map((node) => executions(node, 'evalsha')));
    expect(after).not.toEqual(before);
    expect(await user.refusals()).toEqual([]);
  });

  test('may do nothing else: what is refused one by one to who may do nothing is the whole list', async ({
    cluster,
  }) => {
    // Sent where a node changes its role, which it may do in between or not.
    const allowed = new Set(['readwrite']);
    const withCommands = () => [
      ...rules.split(' ').filter((rule) => !rule.startsWith('+')),
      ...[...allowed].map((command) => `+${command}`),
    ];
    for (let isMore = true; isMore; ) {
      await using user = await ClusterUser.create(cluster, withCommands().join(' '));
      // What it ends with does not matter: what it was refused is asked of the servers.
      const failed = await useAll(cluster, user, 'acme').then(
        () => undefined,
        (error: unknown) => error,
      );
      const refused = (await user.refusals()).filter(({ object }) => !allowed.has(object));
      for (const { reason, object } of refused) {
        expect(reason).toBe('command');
        allowed.add(object);
      }
      isMore = refused.length > 0;
      if (!isMore) expect(failed).toBeUndefined();
    }
    expect([...allowed].toSorted()).toEqual(commandsOf(rules));
  });

  test('is refused the keys of others by the server, whichever way it asks', async ({ cluster }) => {
    await using user = await ClusterUser.create(cluster, rules);
    await using open = new AsyncDisposableStack();
    const { client, cache } = await openAs(user, cluster, open);
    const place = newPlace();
    const theirs = `${NAMESPACE}:@other:${place.text}`;
    const own = `${NAMESPACE}:${place.text}`;
    for (const text of [theirs, own]) await cluster.primaryOf(text).admin.set(text, 'secret', 'PX', 60_000);

    for (const text of [theirs, own, place.text, `${NAMESPACE}:@acme`, `${NAMESPACE}:@acme2:x`]) {
      for (const asking of [
        client.get(text),
        client.set(text, 'forged', { ttl: '1m' }),
        client.delete(text),
        client.call('eval', ['return redis.call("GET", KEYS[1])', 1, text]),
        // The key that it says is its own; the one that it asks for is not.
        client.call('eval', [
          `return redis.call("GET", "${text}")`,
          1,
          `${NAMESPACE}:@acme:{${hashTagOf(text) ?? text}}`,
        ]),
      ]) {
        await expect(asking).rejects.toMatchObject({ code: 'CLUSTER_COMMAND_FAILED' });
      }
      const refusals = await user.refusals();
      for (const context of ['toplevel', 'lua']) {
        expect(refusals).toContainEqual({ reason: 'key', object: text, context });
      }
    }
    // And the cache does without, as if the cluster were away.
    for (const view of [cache, cache.forTenant('other')]) {
      expect(await view.get(place)).toBeUndefined();
      expect(await view.getOrSet(place, () => 'loaded')).toBe('loaded');
      expect(await view.set(place, 'forged')).toMatchObject({ outcome: 'failed' });
    }
    for (const text of [theirs, own]) expect(await cluster.primaryOf(text).admin.get(text)).toBe('secret');
    expect(await cache.forTenant('acme').getOrSet(place, () => 'acme')).toBe('acme');
  });

  test('gets by on it: its self-check finds no error', async ({ cluster }) => {
    await using user = await ClusterUser.create(cluster, rules);
    await using open = new AsyncDisposableStack();
    const { client } = await openAs(user, cluster, open);
    const findings = await client.selfCheck();
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

describe('the rule of a tenant', () => {
  const IDS = [
    'acme',
    'acm',
    'acme:',
    'acm?',
    'acm*',
    '*',
    '?',
    '[a-z]',
    '[^x]',
    '\\*',
    '@acme',
    '{acme}',
    'Acme',
    '%2A',
    ' ~* +@all',
    '\n',
    'é',
    'e\u0301',
    '\ud800',
  ];

  test.for([['shop'], [undefined]])(
    'in the namespace %s lets in nobody else, whatever the ids',
    async ([namespace], { cluster }) => {
      const named = namespace === undefined ? {} : { namespace };
      const inner = namespace === undefined ? '' : `${namespace}:`;
      const texts = IDS.map((tenant) => `${inner}${new Tenant(tenant).keyOf(placeById({ id: 1 })).text}`);
      for (const [i, tenant] of IDS.entries()) {
        await using user = await ClusterUser.create(cluster, tenantAccess({ ...named, tenant }));
        const answers = await Promise.all(texts.map((text) => user.wouldBeTold('set', text, '')));
        expect(answers.map((answer) => answer === 'OK')).toEqual(texts.map((_, j) => i === j));
        for (const text of ['x', '*', '@', '@:', '@:@acme:x', `${inner}x`, `${inner}@:x`, 'other:@acme:x']) {
          expect(await user.wouldBeTold('get', text)).toMatch(/no permissions to access the '.*' key/s);
        }
      }
    },
  );

  test('leaves of what a user had nothing but its passwords', async ({ cluster }) => {
    const everything = '~* &* +@all (+get ~*)';
    await using user = await ClusterUser.create(cluster, `${everything} ${tenantAccess({ tenant: 'acme' })}`);
    for (const command of [
      'keys *',
      'scan 0',
      'flushall',
      'config get *',
      'acl list',
      'script flush',
      'cluster nodes',
      'getdel @acme:x',
      'get x',
    ]) {
      expect(await user.wouldBeTold(...command.split(' '))).toMatch(/has no permissions/);
    }
    for (const channel of ['keyslot:other:invalidations', 'keyslot:other:w:{x}', 'x']) {
      expect(await user.wouldBeTold('publish', channel, '')).toMatch(/has no permissions/);
      expect(await user.wouldBeTold('subscribe', channel)).toMatch(/has no permissions/);
    }
    expect(await user.wouldBeTold('subscribe', 'keyslot::invalidations')).toBe('OK');
    expect(await user.wouldBeTold('get', '@acme:x')).toBe('OK');
  });
});
