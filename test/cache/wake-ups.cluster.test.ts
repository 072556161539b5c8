import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cache, LoaderFailedError } from '@keyslot/cache';
import { key } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { describe, expect } from 'vitest';
import { executions, nodesWith } from '../cluster/clients.ts';
import { figuresOf, show } from './figures.ts';
import { newKey, newKeyOn, test } from './fixtures.ts';
import { Waiter } from './waiter.ts';
import type { WaiterReport } from './wake-up-worker.ts';
import { problemsDuring } from './watching.ts';

const ROUNDS = 60;
const template = key('wake-up:{<id>}').holds<string>();
const NOBODY = () => 'not asked';

/** A load that ends when it is told to. */
function openLoad() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  return { began, finish: resolve, fail: reject, load: () => (begin(), promise) };
}

/** Resolves once somebody waits for a lease and is going to be told. */
async function untilMarked(cluster: TestCluster, { text }: { readonly text: string }): Promise<void> {
  await expect.poll(() => cluster.primaryOf(text).admin.strlen(text), { interval: 2 }).toBe(18);
}

describe('a waiter in another process', () => {
  /** From the fill's acknowledgement here to the value there, in milliseconds. */
  async function latencies(
    cluster: TestCluster,
    open: () => Promise<Cache>,
    options: object,
    untilWaiting: (entry: { readonly text: string }) => Promise<void>,
  ): Promise<number[]> {
    const cache = await open();
    await using waiter = new Waiter<WaiterReport>(new URL('wake-up-worker.ts', import.meta.url), {
      nodes: cluster.addresses,
      ...options,
    });
    expect(await waiter.report()).toEqual({ kind: 'ready' });
    const ms: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const entry = template({ id: randomUUID() });
      const { load, began, finish } = openLoad();
      const leading = cache.getOrSet(entry, load);
      await began;
      waiter.order(/\{(.+)\}/.exec(entry.text)?.[1] ?? '');
      await untilWaiting(entry);
      await sleep(Math.random() * 50);
      finish(`value ${round}`);
      await leading;
      const filledAt = process.hrtime.bigint();
      const report = await waiter.report();
      if (report.kind !== 'got') throw new Error(`the worker told ${report.kind}`);
      expect(report.value).toBe(`value ${round}`);
      ms.push(Number(BigInt(report.at) - filledAt) / 1e6);
    }
    return ms;
  }

  test('has the value within 5 ms of the fill, in the median', async ({ cluster, open }) => {
    const ms = await latencies(
      cluster,
      () => open({ local: false }),
      {},
      (entry) => untilMarked(cluster, entry),
    );
    const figures = figuresOf(ms);
    show(`From fill to waiter, ${ROUNDS} rounds, told`, figures);
    expect(figures.median).toBeLessThan(20);
  });

  test('that may not listen has it by looking, some ms later', async ({ cluster, open }) => {
    const username = 'looks-for-itself';
    const acl = (...rule: string[]) =>
      Promise.all(cluster.nodes.map(({ admin }) => admin.call('ACL', 'SETUSER', username, ...rule)));
    await acl('on', '>secret', '~*', '&*', '+@all', '-ssubscribe', '-spublish');
    try {
      const connection = { username, password: 'secret' };
      const ms = await latencies(
        cluster,
        () => open({ local: false }),
        { connection },
        () => sleep(50),
      );
      const figures = figuresOf(ms);
      show(`From fill to waiter, ${ROUNDS} rounds, looking`, figures);
      expect(figures.median).toBeLessThan(200);

      // And who may not publish fills all the same.
      const cache = await open({ local: false, connection });
      const [entry, told] = [newKey(), openLoad()];
      const leading = cache.getOrSet(entry, told.load);
      await told.began;
      const other = await open({ local: false });
      const waiting = other.getOrSet(entry, NOBODY);
      await untilMarked(cluster, entry);
      const problems = await problemsDuring(async () => {
        told.finish('Wien');
        expect(await Promise.all([leading, waiting])).toEqual(['Wien', 'Wien']);
      });
      expect(problems).toEqual([]);

      // Nor does a load that failed have to be heard of: the waiter finds why there is no value, and others find none.
      const [missing, failing] = [newKey(), openLoad()];
      const leads = other.getOrSet(missing, failing.load);
      await failing.began;
      const waits = cache.getOrSet(missing, NOBODY);
      await untilMarked(cluster, missing);
      failing.fail(new RangeError('no'));
      await expect(leads).rejects.toThrow(LoaderFailedError);
      await expect(waits).rejects.toMatchObject({ cause: { originalName: 'RangeError' } });
      expect(await other.get(missing)).toBeUndefined();
      expect(await cache.getOrSet(missing, () => 'Linz')).toBe('Linz');
    } finally {
      await Promise.all(cluster.nodes.map(({ admin }) => admin.call('ACL', 'DELUSER', username)));
    }
  });
});

describe('waiters', () => {
  test('all have the value soon after the fill, however many, of one load', async ({ cluster, open }) => {
    const caches = await Promise.all(Array.from({ length: 16 }, () => open({ local: false })));
    const [leader, ...others] = caches;
    if (leader === undefined) throw new Error('there is no cache');
    const loads = Array.from({ length: 20 }, () => ({ entry: newKey(), ...openLoad() }));
    const leading = loads.map(({ entry, load }) => leader.getOrSet(entry, load));
    await Promise.all(loads.map(({ began }) => began));
    const waiting = loads.flatMap(({ entry }) => others.map((cache) => cache.getOrSet(entry, NOBODY)));
    await Promise.all(loads.map(({ entry }) => untilMarked(cluster, entry)));
    await sleep(300);

    const start = performance.now();
    loads.forEach(({ finish }, i) => finish(`value ${i}`));
    await Promise.all(leading);
    const values = await Promise.all(waiting);
    show('300 waiters of 15 clients', figuresOf([performance.now() - start]));
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(values).toEqual(loads.flatMap((_, i) => others.map(() => `value ${i}`)));
  });

  test('lead at once, one after the other, when what was loaded is not to be kept', async ({
    cluster,
    open,
  }) => {
    const caches = [
      await open({ local: false, lease: '20s' }),
      await open({ local: false, lease: '20s' }),
    ] as const;
    const ms: number[] = [];
    for (let round = 0; round < 20; round++) {
      const [entry, first, second] = [newKey(), openLoad(), openLoad()];
      const leading = caches[0].getOrSet(entry, (load) => {
        load.skip();
        return first.load();
      });
      await first.began;
      const waiting = caches[1].getOrSet(entry, second.load);
      await untilMarked(cluster, entry);
      await sleep(Math.random() * 30);
      first.finish('not to be kept');
      expect(await leading).toBe('not to be kept');
      const at = performance.now();
      await second.began;
      ms.push(performance.now() - at);
      second.finish('Wien');
      expect(await waiting).toBe('Wien');
    }
    const figures = figuresOf(ms);
    show('From release to the next load', figures);
    expect(figures.median).toBeLessThan(1_000);
  });

  test('whose slot moves meanwhile are told by its new owner', async ({ cluster, open }) => {
    const [leader, other] = [await open({ local: false, lease: '20s' }), await open({ local: false })];
    const [entry, { load, began, finish }] = [newKey(), openLoad()];
    const leading = leader.getOrSet(entry, load);
    await began;
    const waiting = other.getOrSet(entry, NOBODY);
    await untilMarked(cluster, entry);
    const from = cluster.primaryOf(entry);
    const to = cluster.primaries.find((node) => node !== from) ?? from;
    await cluster.moveSlots({ to, slots: [entry.slot] });
    await expect.poll(() => to.admin.call('PUBSUB', 'SHARDCHANNELS'), { interval: 5 }).toHaveLength(1);
    expect(await from.admin.call('PUBSUB', 'SHARDCHANNELS')).toEqual([]);
    await untilMarked(cluster, entry);
    // Long enough for the pauses of one who is told.
    await sleep(150);
    const before = await executions(to, 'spublish');
    finish('Wien');
    await leading;
    expect(await waiting).toBe('Wien');
    expect(await executions(to, 'spublish')).toBe(before + 1);
    await cluster.moveSlots({ to: from, slots: [entry.slot] });
  });

  test('whose primary is killed have an answer soon after', async ({ cluster, open }) => {
    const [leader, ...others] = await Promise.all(Array.from({ length: 4 }, () => open({ local: false })));
    if (leader === undefined) throw new Error('there is no cache');
    const [entry, { load, began, finish }] = [newKey(), openLoad()];
    const leading = leader.getOrSet(entry, load);
    await began;
    const waiting = others.map((cache) => cache.getOrSet(entry, () => 'for itself'));
    await untilMarked(cluster, entry);
    const primary = cluster.primaryOf(entry);
    await cluster.kill(primary);
    const at = performance.now();
    const values = await Promise.all(waiting);
    expect(performance.now() - at).toBeLessThan(8_000);
    finish('Wien');
    expect(await leading).toBe('Wien');
    for (const value of values) expect(['for itself', 'Wien']).toContain(value);

    // And the heir tells those who wait there.
    const heir = await cluster.untilFailedOver(primary);
    const [next, again] = [newKeyOn(cluster, heir), openLoad()];
    for (const cache of [leader, ...others]) {
      const outcome = async () => (await cache.set(newKeyOn(cluster, heir), 'x')).outcome;
      await expect.poll(outcome, { timeout: 10_000 }).toBe('stored');
    }
    const leads = leader.getOrSet(next, again.load);
    await again.began;
    const waits = others.map((cache) => cache.getOrSet(next, NOBODY));
    await untilMarked(cluster, next);
    again.finish('Graz');
    expect(await Promise.all([leads, ...waits])).toEqual(['Graz', 'Graz', 'Graz', 'Graz']);
  });

  test('leave no subscription and no connection behind', async ({ cluster, open }) => {
    const caches = await Promise.all(Array.from({ length: 3 }, () => open({ local: false })));
    await Promise.all(
      Array.from({ length: 30 }, async () => {
        const entry = newKey();
        await Promise.all(caches.map((cache) => cache.getOrSet(entry, () => sleep(60, 'Wien'))));
      }),
    );
    await expect
      .poll(() => Promise.all(cluster.primaries.map(({ admin }) => admin.call('PUBSUB', 'SHARDCHANNELS'))))
      .toEqual(cluster.primaries.map(() => []));
    await expect.poll(() => nodesWith(cluster, 'keyslot-shard-subscriber'), { timeout: 6_000 }).toEqual([]);
  });

  test('that are not there cost nothing', async ({ cluster, open }) => {
    const cache = await open({ local: false });
    const published = () => Promise.all(cluster.primaries.map((node) => executions(node, 'spublish')));
    const before = await published();
    for (let i = 0; i < 20; i++) await cache.getOrSet(newKey(), () => 'Wien');
    await expect(
      cache.getOrSet(newKey(), () => {
        throw new Error('no');
      }),
    ).rejects.toMatchObject({ code: 'CACHE_LOADER_FAILED' });
    expect(await published()).toEqual(before);
  });
});
