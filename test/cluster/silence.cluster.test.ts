import { setTimeout as sleep } from 'node:timers/promises';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { listenToBreakers } from '../bench/faults/watchers.ts';
import { codesOf, ended, openClient } from './clients.ts';
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
    const before = await client.health('2s');
    for (let round = 0; round < 3; round++) {
      const waiting = [client.get('places'), client.get('places')];
      await client.get('places', { readFrom: 'prefer-replica', deadline: 400 });
      await Promise.all(waiting);
    }
    const { shards } = await client.health('2s');
    expect(shards.map(({ inFlight }) => inFlight)).toEqual(before.shards.map(() => 0));
  });
});

function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
