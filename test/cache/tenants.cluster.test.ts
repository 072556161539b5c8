import { setTimeout as sleep } from 'node:timers/promises';
import { key, rawKey, slotOf } from '@keyslot/keys';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { Namespace } from '../../packages/cache/src/namespace.ts';
import { Tenant } from '../../packages/cache/src/tenant.ts';
import { newKey, test } from './fixtures.ts';

const NAMESPACE = 'tenants';

describe('tenants of a cache', () => {
  test('have each a value of their own under the same key, in the cluster and in memory', async ({
    cluster,
    open,
  }) => {
    const cache = await open({ namespace: NAMESPACE, local: { ttl: '1m' } });
    const place = newKey();
    const ids = ['acme', 'acme:', 'ACME', '*', '{acme}', '@', ':', '\ud800', '\udc00', '\ufffd'];
    const views = [cache, ...ids.map((id) => cache.forTenant(id))];
    for (const [i, view] of views.entries()) {
      expect(await view.get(place)).toBeUndefined();
      expect(await view.getOrSet(place, () => `value ${i}`)).toBe(`value ${i}`);
    }
    // In this process's memory, in the cluster, and by way of another view of the same tenant.
    const other = await open({ namespace: NAMESPACE, local: false });
    for (const [i, view] of views.entries()) {
      expect(await view.get(place)).toBe(`value ${i}`);
      const same = i === 0 ? other : other.forTenant(ids[i - 1] ?? '');
      expect(await same.getOrSet(place, () => 'loaded again')).toBe(`value ${i}`);
    }
    // All of one entity, whoever's it is, in one slot.
    const texts = await Promise.all(
      cluster.primaries.map(({ admin }) => admin.keys(`${NAMESPACE}:*${place.text}`)),
    );
    expect(texts.flat()).toHaveLength(views.length);
    expect(new Set(texts.flat().map(slotOf)).size).toBe(1);
  });

  test("are not reached by keys of the cache's own that look like theirs", async ({ open }) => {
    const cache = await open({ namespace: NAMESPACE, local: { ttl: '1m' } });
    const inner = rawKey<string>('x');
    // Kept in memory as well.
    expect(await cache.forTenant('acme').getOrSet(inner, () => "acme's")).toBe("acme's");
    for (const text of ['@acme:x', '@:@acme:x', '@:x', '@', '@acme']) {
      const own = rawKey<string>(text);
      expect(await cache.get(own)).toBeUndefined();
      expect(await cache.getOrSet(own, () => text)).toBe(text);
      expect(await cache.delete(own)).toMatchObject({ outcome: 'deleted' });
    }
    expect(await cache.forTenant('acme').get(inner)).toBe("acme's");
  });

  test('load each for themselves at the same time, and each once', async ({ open }) => {
    const cache = await open({ namespace: NAMESPACE });
    const place = newKey();
    const loads: string[] = [];
    const load = (id: string) => async () => {
      loads.push(id);
      return id;
    };
    const ids = ['one', 'two', 'one', 'two', 'one'];
    expect(await Promise.all(ids.map((id) => cache.forTenant(id).getOrSet(place, load(id))))).toEqual(ids);
    expect(loads.toSorted()).toEqual(['one', 'two']);
  });

  test('delete in every process what is theirs, and nothing of the others', async ({ open }) => {
    const [here, there] = [
      await open({ namespace: NAMESPACE, local: { ttl: '1m' } }),
      await open({ namespace: NAMESPACE, local: { ttl: '1m' } }),
    ];
    const place = newKey();
    for (const id of ['one', 'two']) {
      expect(await here.forTenant(id).getOrSet(place, () => id)).toBe(id);
      expect(await there.forTenant(id).getOrSet(place, () => 'loaded again')).toBe(id);
    }
    expect(await here.getOrSet(place, () => 'own')).toBe('own');
    await here.forTenant('one').delete(place);
    await expect.poll(() => there.forTenant('one').get(place)).toBeUndefined();
    expect(await here.forTenant('one').get(place)).toBeUndefined();
    for (const cache of [here, there]) {
      expect(await cache.forTenant('two').get(place)).toBe('two');
      expect(await cache.get(place)).toBe('own');
    }
  });

  test('have doubts of their own: what one has deleted in vain, the others still read from a replica', async ({
    cluster,
    open,
  }) => {
    const cache = await open({ namespace: NAMESPACE, deadline: 250, deleteWithin: '300ms', local: false });
    const place = newKey();
    const [one, two] = [cache.forTenant('one'), cache.forTenant('two')];
    for (const view of [one, two]) await view.set(place, 'old');
    // Long enough that a replica is trusted again after a change.
    await sleep(11_000);
    await cluster.freeze(cluster.primaryOf(place));
    expect(await one.delete(place)).toEqual({ outcome: 'pending' });
    expect(await one.get(place)).toBeUndefined();
    expect(await one.getOrSet(place, () => 'new')).toBe('new');
    expect(await two.getOrSet(place, () => 'new')).toBe('old');
  });

  test('have no view after the cache is closed, and none that closes it', async ({ open }) => {
    const cache = await open({ namespace: NAMESPACE });
    const view = cache.forTenant('acme');
    expect(view).not.toHaveProperty('close');
    await cache.close();
    await expect(view.getOrSet(newKey(), () => 'x')).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });

  test('have keys in the slots that the server says', async ({ cluster }) => {
    const [node] = cluster.primaries;
    const id = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      fc.constantFrom('{', '}', '{}', '@', ':'),
    );
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
      fc.array(fc.constantFrom('{', '}', 'a', 'é', '@', ':'), { minLength: 1 }).map((all) => all.join('')),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('', 'shop:'), id, text, async (prefix, tenant, inner) => {
        const within = new Namespace(prefix);
        for (const its of [new Tenant(tenant).keyOf(rawKey(inner)), rawKey(inner)]) {
          const { text: sent, slot } = within.inCluster(its);
          expect(slot).toBe(await node?.admin.call('CLUSTER', 'KEYSLOT', sent));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('may have keys of templates, and of more than one slot', async ({ open }) => {
    const cache = (await open({ namespace: NAMESPACE })).forTenant('acme');
    const plain = key('plain:<id>').holds<number>();
    for (let id = 0; id < 50; id++) expect(await cache.getOrSet(plain({ id }), () => id)).toBe(id);
    for (let id = 0; id < 50; id++) expect(await cache.get(plain({ id }))).toBe(id);
  });
});
