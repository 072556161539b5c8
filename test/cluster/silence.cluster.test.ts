import { setTimeout as sleep } from 'node:timers/promises';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { listenToBreakers } from '../bench/faults/watchers.ts';
import { codesOf, ended, executions, openClient } from './clients.ts';
import { farAway } from './far-away.ts';

const test = testWith({ replicasPerPrimary: 0 });

describe('a process that is busy for longer than the deadline', () => {
  test('hears the answers that came meanwhile, and takes no node for one that hangs', async ({ cluster }) => {
    await using client = await openClient(cluster, { selfCheck: false });
    using breakers = listenToBreakers();
    const keys = Array.from({ length: 300 }, (_, i) => `busy:${i}`);
    await Promise.all(keys.map((k) => client.get(k)));

    const calls = keys.map((k) => ended(client.get(k)));
    // Until they are written.
    await Promise.resolve();
    await new Promise<void>((resolve) => process.nextTick(resolve));
    busy(400);
    expect(codesOf(await Promise.all(calls))).toEqual([]);

    const unwritten = keys.map((k) => ended(client.get(k)));
    busy(400);
    await Promise.all(unwritten);
    expect(codesOf(await Promise.all(keys.map((k) => ended(client.get(k)))))).toEqual([]);
    expect(breakers.messages).toEqual([]);
  });
});

describe('a node that is far away', () => {
  test('and answers after the deadline does not count as silent', async ({ cluster }) => {
    await using way = await farAway(cluster, 80);
    await using client = await openClient(cluster, { connection: { natMap: way.natMap }, selfCheck: false });
    using breakers = listenToBreakers();
    const patient: Promise<unknown>[] = [];
    for (let round = 0; round < 20; round++) {
      const late = Array.from({ length: 6 }, () => ended(client.get('late', { deadline: 50 })));
      patient.push(client.get('late', { deadline: '2s', whenOpen: 'reject' }));
      expect(codesOf(await Promise.all(late))).toEqual(['CLUSTER_DEADLINE_EXCEEDED']);
    }
    await Promise.all(patient);
    expect(breakers.messages).toEqual([]);
  });

  test('is sent nothing whose time was over while it waited for a place', async ({ cluster }) => {
    await using way = await farAway(cluster, 80);
    await using client = await openClient(cluster, {
      connection: { natMap: way.natMap },
      bulkhead: { inFlight: 2, queue: 200 },
      selfCheck: false,
    });
    const node = cluster.primaryOf('places');
    await node.admin.set('places', '0', 'EX', 60);
    const ends = await Promise.all(
      Array.from({ length: 60 }, () => ended(client.call('incr', ['places'], { deadline: 270 }))),
    );
    await sleep(300);
    const answered = ends.filter(({ error }) => error === undefined).length;
    const unknown = ends.filter(({ error }) => error?.executed === 'unknown').length;
    expect([answered, codesOf(ends)]).toEqual([6, ['CLUSTER_DEADLINE_EXCEEDED']]);
    // Those that were under way when their time was over.
    expect(unknown).toBeLessThanOrEqual(4);
    expect(Number(await node.admin.get('places'))).toBe(answered + unknown);
  });

  test('and has no replica is asked once by a read that prefers one, and has all its places afterwards', async ({
    cluster,
  }) => {
    await using way = await farAway(cluster, 150);
    await using client = await openClient(cluster, {
      connection: { natMap: way.natMap },
      bulkhead: { inFlight: 2, queue: 50 },
      deadline: '2s',
      selfCheck: false,
    });
    const node = cluster.primaryOf('places');
    const before = await executions(node, 'get');
    for (let round = 0; round < 3; round++) {
      const waiting = [client.get('places'), client.get('places')];
      await client.get('places', { readFrom: 'prefer-replica', deadline: 400 });
      await Promise.all(waiting);
    }
    expect((await executions(node, 'get')) - before).toBe(9);
    const { shards } = await client.health('2s');
    expect(shards.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
  });
});

describe('a command that keeps its node busy', () => {
  test('for longer than a second is answered within its deadline, and so are those behind it', async ({
    cluster,
  }) => {
    await using client = await openClient(cluster, { selfCheck: false });
    const node = cluster.primaryOf('slow');
    await node.admin.del('slow');
    const behind = Array.from({ length: 5 }, (_, i) => `{slow}${i}`);
    const ends = await Promise.all([
      ended(client.call('eval', [busyFor(1_300), 1, 'slow'], { safety: 'idempotent', deadline: '9s' })),
      ...behind.map((k) => ended(client.call('incr', [k], { deadline: '9s' }))),
    ]);
    expect(codesOf(ends)).toEqual([]);
    expect(await node.admin.get('slow')).toBe('1');
    await node.admin.del('slow', ...behind);
  });

  test('for longer than a connection is kept ends typed, and is not sent again', async ({ cluster }) => {
    await using client = await openClient(cluster, { selfCheck: false });
    const node = cluster.primaryOf('slow');
    await node.admin.del('slow');
    const slow = await ended(
      client.call('eval', [busyFor(5_600), 1, 'slow'], { safety: 'idempotent', deadline: '15s' }),
    );
    expect(codesOf([slow])).toEqual(['CLUSTER_OUTCOME_UNKNOWN']);
    expect(slow.ms).toBeLessThan(6_500);
    await sleep(1_500);
    expect(await client.get('slow', { deadline: '5s' })).toBe('1');
    await node.admin.del('slow');
  });
});

/** A script that counts how often it is executed. */
function busyFor(ms: number): string {
  return `
    redis.call('INCR', KEYS[1])
    local function now() local time = redis.call('TIME') return time[1] * 1000 + time[2] / 1000 end
    local from = now()
    while now() - from < ${ms} do end
    return 'done'`;
}

function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
