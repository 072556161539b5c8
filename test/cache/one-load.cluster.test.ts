import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { key } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { describe, expect } from 'vitest';
import { test } from './fixtures.ts';
import { Fleet, mostAtOnce, type Stretch, sharedNow } from './fleet.ts';
import type { Got, Order, Report, WorkerArgument } from './one-load-worker.ts';

type Workers = Fleet<Order, Report>;

const template = key('one-load:{<id>}').holds<string>();

function start(cluster: TestCluster, size: number, cache: WorkerArgument['cache']): Promise<Workers> {
  return Fleet.start('one-load-worker.ts', size, () => ({ nodes: cluster.addresses, cache }));
}

/** What all callers of all processes that have answered got. */
function answersOf(fleet: Workers): Got[] {
  return fleet.all('answered').flatMap(({ answers }) => answers);
}

const valuesOf = (fleet: Workers) => new Set(answersOf(fleet).map(({ value }) => value));
const slowestOf = (fleet: Workers) => Math.max(...answersOf(fleet).map(({ ms }) => ms));

/** Each load from its beginning to its end, or to that of its process. */
function loadsOf(fleet: Workers, killed?: { readonly pid: number; readonly at: number }): Stretch[] {
  return fleet.all('loading').map(({ pid, at }) => {
    const end = fleet.all('loaded').find((loaded) => loaded.pid === pid);
    return { from: at, to: end?.at ?? (killed?.pid === pid ? killed.at : Number.POSITIVE_INFINITY) };
  });
}

async function leaderOf(fleet: Workers): Promise<{ readonly pid: number; readonly at: number }> {
  await fleet.until(() => fleet.all('loading').length > 0);
  const [first] = fleet.all('loading');
  if (first === undefined) throw new Error('nobody loads');
  return first;
}

describe('one cold key', () => {
  test('is loaded once for 8 processes of 500 callers', async ({ cluster }) => {
    await using fleet = await start(cluster, 8, { lease: '1s' });
    fleet.order({ id: randomUUID(), callers: 500, loadMs: 300, ends: 'with-a-value' });
    await fleet.until(() => answersOf(fleet).length === 4_000);
    expect(fleet.all('loading')).toHaveLength(1);
    expect(valuesOf(fleet)).toEqual(new Set([`loaded by ${fleet.all('loading')[0]?.pid}`]));
  });

  test('is loaded once when the loader takes three times the lease', async ({ cluster }) => {
    await using fleet = await start(cluster, 4, { lease: '300ms' });
    fleet.order({ id: randomUUID(), callers: 250, loadMs: 900, ends: 'with-a-value' });
    await fleet.until(() => answersOf(fleet).length === 1_000);
    expect(fleet.all('loading')).toHaveLength(1);
    expect(valuesOf(fleet).size).toBe(1);
  });

  test('is loaded by exactly one other, when the lease is over, if the leader is killed', async ({
    cluster,
  }) => {
    const leaseMs = 1_000;
    await using fleet = await start(cluster, 8, { lease: leaseMs });
    fleet.order({ id: randomUUID(), callers: 250, loadMs: 600, ends: 'with-a-value' });
    const { pid } = await leaderOf(fleet);
    fleet.signal(pid, 'SIGKILL');
    const killedAt = sharedNow();
    await fleet.until(() => answersOf(fleet).length === 7 * 250);

    const [, second, ...more] = fleet.all('loading');
    expect(more).toEqual([]);
    expect(second?.pid).not.toBe(pid);
    expect(mostAtOnce(loadsOf(fleet, { pid, at: killedAt }))).toBe(1);
    // A poll of a waiter, and a machine that does other things as well, come on top.
    expect((second?.at ?? Number.POSITIVE_INFINITY) - killedAt).toBeLessThan(leaseMs + 1_000);
    expect(valuesOf(fleet)).toEqual(new Set([`loaded by ${second?.pid}`]));
  });

  test('is loaded by another, not before the lease is over, if the leader is frozen, which then stores nothing', async ({
    cluster,
    open,
  }) => {
    const leaseMs = 600;
    await using fleet = await start(cluster, 4, { lease: leaseMs, local: false });
    const id = randomUUID();
    fleet.order({ id, callers: 50, loadMs: 400, ends: 'with-a-value' });
    const { pid, at } = await leaderOf(fleet);
    fleet.signal(pid, 'SIGSTOP');
    await fleet.until(() => answersOf(fleet).length === 3 * 50);
    const [, second, ...more] = fleet.all('loading');
    expect(more).toEqual([]);
    expect((second?.at ?? 0) - at).toBeGreaterThan(leaseMs - 50);

    fleet.signal(pid, 'SIGCONT');
    await fleet.until(() => answersOf(fleet).length === 4 * 50);
    const cache = await open({ local: false });
    expect(await cache.get(template({ id }))).toBe(`loaded by ${second?.pid}`);
    expect(fleet.all('loading')).toHaveLength(2);
  });

  test('whose loader fails is loaded once for 100 waiters in 4 processes, who all know within 1.5 times its time', async ({
    cluster,
  }) => {
    const loadMs = 1_000;
    await using fleet = await start(cluster, 4, {});
    fleet.order({ id: randomUUID(), callers: 25, loadMs, ends: 'with-an-error' });
    await fleet.until(() => answersOf(fleet).length === 100);
    // Nobody tries again behind their backs.
    await sleep(loadMs);
    expect(fleet.all('loading')).toHaveLength(1);
    const failures = answersOf(fleet).map(({ code, cause }) => `${code} ${cause}`);
    expect(new Set(failures)).toEqual(new Set(['CACHE_LOADER_FAILED RangeError']));
    console.info(
      `Failure after ${loadMs} ms, known to the last of 100 after ${slowestOf(fleet).toFixed(0)} ms`,
    );
    expect(slowestOf(fleet)).toBeLessThan(1.5 * loadMs);
  });

  test('whose loader never ends keeps nobody, in any process, for longer than hardTimeout', async ({
    cluster,
    open,
  }) => {
    const hardMs = 1_000;
    await using fleet = await start(cluster, 4, { hardTimeout: hardMs });
    const id = randomUUID();
    fleet.order({ id, callers: 25, loadMs: 0, ends: 'never' });
    await fleet.until(() => answersOf(fleet).length === 100);
    expect(fleet.all('loading')).toHaveLength(1);
    const { pid } = await leaderOf(fleet);
    for (const { pid: of, answers } of fleet.all('answered')) {
      const expected = of === pid ? 'CACHE_LOADER_TIMEOUT' : 'CACHE_LOADER_FAILED';
      expect(new Set(answers.map(({ code }) => code))).toEqual(new Set([expected]));
    }
    expect(slowestOf(fleet)).toBeGreaterThan(hardMs - 50);
    expect(slowestOf(fleet)).toBeLessThan(1.5 * hardMs);
    // The key is free again.
    const cache = await open();
    expect(await cache.getOrSet(template({ id }), () => 'again')).toBe('again');
  });

  test('whose loader never ends, and whose waiters are less patient than hardTimeout, keeps nobody much longer', async ({
    cluster,
  }) => {
    const [hardMs, waitMs] = [900, 300];
    await using fleet = await start(cluster, 4, { hardTimeout: hardMs, wait: waitMs });
    fleet.order({ id: randomUUID(), callers: 25, loadMs: 0, ends: 'never' });
    await fleet.until(() => answersOf(fleet).length === 100);
    // Each process that gave up asks its own loader.
    expect(fleet.all('loading')).toHaveLength(4);
    expect(slowestOf(fleet)).toBeLessThan(waitMs + 1.5 * hardMs);
  });
});
