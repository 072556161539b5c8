import { setTimeout as sleep } from 'node:timers/promises';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { testWith } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { closeDuring } from '../bench/faults/close.ts';
import { untyped } from '../bench/faults/code-of.ts';
import { freeze } from '../bench/faults/freeze.ts';
import { kill } from '../bench/faults/kill.ts';
import { lastWrites } from '../bench/faults/last-write.ts';
import { halfMigrated } from '../bench/faults/move.ts';
import { outage } from '../bench/faults/outage.ts';
import { overload } from '../bench/faults/overload.ts';
import { listenToBreakers } from '../bench/faults/watchers.ts';
import { codesOf, countWrites, ended, keysOn, openClient } from './clients.ts';
import { ownersOf } from './keys-on.ts';

const test = testWith({ nodeTimeoutMs: 1_500 });
const ttl = '1m';

function first(cluster: TestCluster): TestNode {
  const [node] = ownersOf(cluster);
  if (node === undefined) throw new Error('A test cluster without a primary');
  return node;
}

/** A shard whose breaker has opened, because calls to it ended in silence. */
async function opened(cluster: TestCluster, client: Awaited<ReturnType<typeof openClient>>, node: TestNode) {
  if (node.state === 'running') await cluster.freeze(node);
  const keys = keysOn(cluster, node, 10, 'opened');
  await Promise.all(keys.map((k) => ended(client.get(k, { deadline: 250 }))));
  return keys;
}

describe('a killed primary', () => {
  test('costs waiting calls nothing, others typed errors of its shard, and nobody a hot loop', async ({
    cluster,
  }) => {
    const seen = await kill(cluster, { callers: 16, beforeMs: 400, afterMs: 300 });
    expect(seen.waitingErrors).toEqual([]);
    expect(seen.othersErrors).toEqual([]);
    expect(seen.hastyErrors.length).toBeGreaterThan(0);
    expect(untyped(seen.hastyErrors)).toEqual([]);
    expect(seen.pending).toBe(0);
    expect(seen.refusedPerSecond).toBeLessThanOrEqual(10);
    expect(seen.refreshesPerSecond / 2).toBeLessThanOrEqual(10);
    expect(seen.amplification).toBeLessThanOrEqual(1.1);
  });
});

describe('a frozen primary', () => {
  test('costs its shard deadlines, the others nothing, and is back soon after it goes on', async ({
    cluster,
  }) => {
    const seen = await freeze(cluster, { callers: 16, beforeMs: 500, frozenMs: 900, afterMs: 1_500 });
    expect(seen.othersErrors).toEqual([]);
    expect(seen.othersThroughput).toBeGreaterThan(0.5);
    expect(seen.frozenErrors.length).toBeGreaterThan(0);
    expect(untyped(seen.frozenErrors)).toEqual([]);
    expect(seen.longest).toBeLessThan(2);
    expect(seen.pending).toBe(0);
    expect(seen.backAfterMs).toBeLessThan(3_000);
  });

  test('is asked by nothing but one probe at a time while its breaker is not closed', async ({ cluster }) => {
    await using client = await openClient(cluster);
    using breakers = listenToBreakers();
    const node = first(cluster);
    const keys = await opened(cluster, client, node);
    expect(breakers.messages).toContainEqual({ shard: node.id, state: 'open' });

    using writes = countWrites();
    const ends = [];
    for (let round = 0; round < 60; round++) {
      ends.push(...(await Promise.all(keys.map((k) => ended(client.get(k, { whenOpen: 'reject' }))))));
      await sleep(10);
    }
    expect(codesOf(ends)).toEqual(['CLUSTER_SHARD_UNAVAILABLE']);
    expect(Math.max(...ends.map(({ ms }) => ms))).toBeLessThan(250);
    // A probe, and those who ask for the topology by chance.
    expect(writes.to(node.port)).toBeLessThanOrEqual(10);
    expect(breakers.messages).toContainEqual({ shard: node.id, state: 'half-open' });

    const waiting = ended(client.get(keys[0] ?? '', { deadline: '5s' }));
    await cluster.thaw(node);
    expect(await waiting).toHaveProperty('value', null);
    expect(breakers.messages.at(-1)).toEqual({ shard: node.id, state: 'closed' });
  });

  test('has its callers abort at any time, with their reason', async ({ cluster }) => {
    await using client = await openClient(cluster, { deadline: '5s' });
    const node = first(cluster);
    const [k = ''] = keysOn(cluster, node, 1, 'abort');
    const reason = new Error('the user left');
    const before = ended(client.get(k, { signal: AbortSignal.abort(reason) }));
    await cluster.freeze(node);
    const sending = new AbortController();
    const inFlight = ended(client.set(k, 'x', { ttl, signal: sending.signal }));
    await sleep(20);
    sending.abort(reason);
    await opened(cluster, client, node);
    const waiting = new AbortController();
    const parked = ended(client.set(k, 'x', { ttl, signal: waiting.signal }));
    await sleep(20);
    waiting.abort(reason);
    const ends = await Promise.all([before, inFlight, parked]);
    expect(ends.map(({ error }) => [error?.code, error?.executed, error?.cause])).toEqual([
      ['CLUSTER_ABORTED', 'no', reason],
      ['CLUSTER_ABORTED', 'unknown', reason],
      ['CLUSTER_ABORTED', 'no', reason],
    ]);
    expect(Math.max(...ends.map(({ ms }) => ms))).toBeLessThan(1_000);
  });

  test('and another one make the third pass a probe first', async ({ cluster }) => {
    await using client = await openClient(cluster);
    using breakers = listenToBreakers();
    const [a, b, c] = ownersOf(cluster);
    if (a === undefined || b === undefined || c === undefined) throw new Error('Not three shards');
    await opened(cluster, client, a);
    await opened(cluster, client, b);
    await sleep(50);
    const states = breakers.messages.filter(({ shard }) => shard === c.id).map(({ state }) => state);
    expect(states.slice(0, 2)).toEqual(['half-open', 'closed']);
    const [k = ''] = keysOn(cluster, c, 1, 'third');
    expect(await client.get(k)).toBeNull();
  });
});

describe('many callers at once', () => {
  test('fill a bounded queue and are refused beyond it', async ({ cluster }) => {
    const seen = await overload(cluster, { rounds: 3 });
    expect(seen.unexpected).toEqual([]);
    expect(seen.taken).toBeLessThanOrEqual(2_560);
    expect(seen.refused).toBeGreaterThanOrEqual(440);
    expect(seen.refusedWithinMs).toBeLessThan(1_000);
  });
});

describe('a replica that is preferred', () => {
  test('and hangs or is gone leaves its reads to the primary', async ({ cluster }) => {
    await using client = await openClient(cluster, { deadline: '1s' });
    const node = first(cluster);
    const keys = keysOn(cluster, node, 10, 'preferred');
    await Promise.all(keys.map((k) => client.set(k, k, { ttl })));
    await node.admin.wait(1, 5_000);
    const read = () => Promise.all(keys.map((k) => client.get(k, { readFrom: 'prefer-replica' })));
    expect(await read()).toEqual(keys);
    const [replica] = cluster.replicasOf(node);
    if (replica === undefined) throw new Error('A primary without a replica');
    await cluster.freeze(replica);
    for (let round = 0; round < 3; round++) expect(await read()).toEqual(keys);
    await cluster.kill(replica);
    for (let round = 0; round < 3; round++) expect(await read()).toEqual(keys);
  });
});

describe('slots', () => {
  test('that stay half migrated cost no false null, and multi-key commands their deadline at most', async ({
    cluster,
  }) => {
    const seen = await halfMigrated(cluster, { slots: 10, deadlineMs: 300 });
    expect(seen.falseNulls).toEqual([]);
    expect(seen.errors).toEqual([]);
    expect(new Set(seen.codes)).toEqual(new Set(['CLUSTER_DEADLINE_EXCEEDED']));
    expect(seen.waitedMs).toBeGreaterThanOrEqual(299);
    expect(seen.served).toBe(seen.asked);
  });
});

describe('a writer', () => {
  test('that stops during a failover leaves no key older than its last acknowledged write', async ({
    cluster,
  }) => {
    const { older, errors } = await lastWrites(cluster);
    expect(older).toEqual([]);
    expect(errors.filter((code) => code !== 'CLUSTER_OVERLOADED')).toEqual([]);
  });
});

describe('an outage', () => {
  test('is not made worse by retries, connects and questions', async ({ cluster }) => {
    const seen = await outage(cluster, { outageMs: 4_000, callers: 32 });
    expect(seen.amplification).toBeLessThanOrEqual(1.1);
    expect(seen.refusedPerSecond).toBeLessThanOrEqual(10);
    expect(seen.refreshesPerSecond / 2).toBeLessThanOrEqual(10);
  });
});

describe('a client that is closed', () => {
  test('in the middle of an outage settles every call', async ({ cluster }) => {
    const node = first(cluster);
    expect(await closeDuring(cluster, () => cluster.freeze(node))).toEqual({ pending: 0, codes: [] });
  });
});

describe('the topology', () => {
  test('tells each change once', async ({ cluster }) => {
    await using client = await openClient(cluster);
    const changes: unknown[] = [];
    let tellings = 0;
    client.topology$.subscribe((topology) => {
      tellings++;
      changes.push(...topology.changes);
    });
    const told = async (count: number) => {
      await expect.poll(() => changes.length, { timeout: 5_000 }).toBe(count);
      await sleep(500);
      return changes.splice(0);
    };
    await sleep(300);
    const before = tellings;
    const old = first(cluster);
    const slots = old.slotCount;
    const heir = await cluster.failover(old);
    expect(await told(1)).toEqual([{ kind: 'slots-moved', from: old.id, to: heir.id, slots }]);

    const other = ownersOf(cluster).find((node) => node !== heir) ?? heir;
    await cluster.moveSlots({ from: heir, count: 1, to: other });
    expect(await told(1)).toEqual([{ kind: 'slots-moved', from: heir.id, to: other.id, slots: 1 }]);

    const added = await cluster.addShard();
    const [replica] = cluster.replicasOf(added);
    await cluster.moveSlots({ from: other, count: 1, to: added });
    const joined = await told(3);
    expect(joined).toHaveLength(3);
    expect(joined).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'node-joined', id: added.id }),
        expect.objectContaining({ kind: 'node-joined', id: replica?.id }),
        { kind: 'slots-moved', from: other.id, to: added.id, slots: 1 },
      ]),
    );
    expect(tellings - before).toBeLessThanOrEqual(6);
  });
});
