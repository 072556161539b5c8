import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import { Locks } from '@keyslot/lock';
import type { TestNode } from '@keyslot/testkit';
import { describe, expect } from 'vitest';
import { fillTo } from '../cache/full-shard.ts';
import { test } from './fixtures.ts';
import { lockKey, newResource, newResourceOn } from './resources.ts';
import { toldDuring } from './told.ts';

describe('a lock whose shard is away', () => {
  test('is refused by an error of the client, in time, and never as if somebody held it', async ({
    cluster,
    open,
  }) => {
    const locks = await open({ deadline: 250 });
    const resource = newResource();
    const primary = cluster.primaryOf(lockKey(resource));
    await cluster.freeze(primary);
    for (const ask of [
      () => locks.tryAcquire(resource),
      () => locks.acquire(resource, { wait: 0 }),
      () => locks.acquire(resource, { wait: 500 }),
    ]) {
      const at = performance.now();
      await expect(ask()).rejects.toMatchObject({ code: /^CLUSTER_/ });
      expect(performance.now() - at).toBeLessThan(2_000);
    }
  });

  test('is given back by its token when it was taken though nobody was told', async ({ cluster, open }) => {
    const [one, two] = [await open({ deadline: 250 }), await open()];
    const resource = newResource();
    const primary = cluster.primaryOf(lockKey(resource));
    await cluster.freeze(primary);
    await expect(one.tryAcquire(resource, { ttl: '20s' })).rejects.toMatchObject({ code: /^CLUSTER_/ });
    // It takes the lock now, and hears then that it is given back.
    await cluster.thaw(primary);
    const at = performance.now();
    await using _ = await two.acquire(resource, { wait: '15s' });
    expect(performance.now() - at).toBeLessThan(5_000);
  });

  test('is waited for until the shard is back', async ({ cluster, open }) => {
    const locks = await open({ deadline: 250 });
    const resource = newResource();
    const primary = cluster.primaryOf(lockKey(resource));
    await cluster.kill(primary);
    const waiting = locks.acquire(resource, { wait: '30s' });
    await cluster.untilFailedOver(primary);
    await using lock = await waiting;
    expect(lock.isHeld).toBe(true);
  });

  test('is lost in time when it cannot be renewed, and held again by nobody meanwhile', async ({
    cluster,
    open,
  }) => {
    const locks = await open({ deadline: 250 });
    const resource = newResource();
    const lock = await locks.acquire(resource, { ttl: 900 });
    const primary = cluster.primaryOf(lockKey(resource));
    const at = performance.now();
    const problems = await toldDuring('problem', async () => {
      await cluster.freeze(primary);
      await expect.poll(() => lock.signal.aborted, { interval: 5, timeout: 10_000 }).toBe(true);
    });
    expect(performance.now() - at).toBeLessThan(3_000);
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST', reason: 'expired' });
    expect(problems).toContainEqual(expect.objectContaining({ what: 'not-renewed' }));
    expect(await lock.release()).toEqual({ outcome: 'lost' });
  });

  test('is pending when it is released, and free when the shard is back', async ({ cluster, open }) => {
    const [one, two] = [await open({ deadline: 250 }), await open()];
    const resource = newResource();
    const lock = await one.acquire(resource, { ttl: '30s' });
    const primary = cluster.primaryOf(lockKey(resource));
    await cluster.freeze(primary);
    expect(await lock.release()).toMatchObject({ outcome: 'pending', error: { code: /^CLUSTER_/ } });
    await cluster.thaw(primary);
    const at = performance.now();
    await using _ = await two.acquire(resource, { wait: '20s' });
    expect(performance.now() - at).toBeLessThan(5_000);
  });
});

describe('a lock that the cluster forgets', () => {
  test('is lost when its key is gone', async ({ cluster, open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const lock = await one.acquire(resource, { ttl: 600 });
    await cluster.primaryOf(lockKey(resource)).admin.del(lockKey(resource));
    await using next = await two.acquire(resource, { wait: 0 });
    expect(next.fencing).toBeGreaterThan(lock.fencing);
    await expect.poll(() => lock.signal.aborted, { interval: 5 }).toBe(true);
    expect(lock.signal.reason).toMatchObject({ reason: 'taken' });
    expect(await lock.release()).toEqual({ outcome: 'lost' });
    expect(next.isHeld).toBe(true);

    // Also where only the release finds out.
    const other = newResource();
    const again = await one.acquire(other);
    await cluster.primaryOf(lockKey(other)).admin.del(lockKey(other));
    expect(await again.release()).toEqual({ outcome: 'lost' });
    expect(again.signal.reason).toMatchObject({ reason: 'taken' });
    const work = one.using(other, {}, () => cluster.primaryOf(lockKey(other)).admin.del(lockKey(other)));
    await expect(work).rejects.toMatchObject({ code: 'LOCK_LOST', reason: 'taken' });
  });

  test('by a failover may be held twice, for a moment: the first hears of it, and has the smaller number', async ({
    cluster,
    open,
  }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const primary = cluster.primaryOf(lockKey(resource));
    const [replica] = cluster.replicasOf(primary) as [TestNode];
    // The replica never hears of it.
    await cluster.freeze(replica);
    await primary.admin.call('CLIENT', 'KILL', 'TYPE', 'replica');
    const lock = await one.acquire(resource, { ttl: '1m' });
    await cluster.kill(primary);
    await cluster.thaw(replica);
    await using next = await two.acquire(resource, { wait: '30s' });
    expect(next.fencing).toBeGreaterThan(lock.fencing);
    // Long before a third of its minute: whoever acknowledged it is gone, so it asks at once.
    await expect.poll(() => lock.signal.aborted, { timeout: 8_000 }).toBe(true);
    expect(lock.signal.reason).toMatchObject({ reason: 'taken' });
    expect(await lock.release()).toEqual({ outcome: 'lost' });
    expect(next.isHeld).toBe(true);
  });

  test('is not forgotten by a failover that it was replicated before', async ({ cluster, open }) => {
    const [one, two] = [await open(), await open()];
    const resource = newResource();
    const lock = await one.acquire(resource, { ttl: '30s' });
    const primary = cluster.primaryOf(lockKey(resource));
    const [replica] = cluster.replicasOf(primary) as [TestNode];
    await replica.admin.readonly();
    await expect.poll(() => replica.admin.exists(lockKey(resource))).toBe(1);
    await replica.admin.readwrite();
    await cluster.kill(primary);
    await cluster.untilFailedOver(primary);
    await expect(two.acquire(resource, { wait: '2s' })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    lock.assertHeld();
    expect(await lock.release()).toEqual({ outcome: 'released' });
  });
});

test('a shard that is full refuses new locks, and keeps and gives back those that there are', async ({
  cluster,
  open,
}) => {
  const [one, two] = [await open(), await open()];
  const [primary] = cluster.primaries as [TestNode];
  const resource = newResourceOn(cluster, primary);
  const lock = await one.acquire(resource, { ttl: 1_500 });
  const waiting = two.acquire(resource, { wait: '20s' });
  const waits = waiting.then(
    () => 'taken',
    (error: unknown) => error,
  );
  await sleep(50);
  await using _ = await fillTo(cluster, primary, 1.2, 'noeviction');
  await expect(one.tryAcquire(newResourceOn(cluster, primary))).rejects.toMatchObject({ reply: 'OOM' });
  await sleep(2_000);
  lock.assertHeld();
  expect(await lock.release()).toEqual({ outcome: 'released' });
  // Who waits needs a place to wait, for which there is no memory.
  expect(['taken', expect.objectContaining({ reply: 'OOM' })]).toContainEqual(await waits);
});

test('what somebody else has put where a lock lies is an error, and takes no other lock along', async ({
  cluster,
  open,
}) => {
  const [one, two] = [await open(), await open()];
  const [free, spoilt] = [`a${newResource()}`, `b${newResource()}`];
  const { admin } = cluster.primaryOf(lockKey(spoilt));
  const spoil = [
    () => admin.set(lockKey(spoilt), 'not ours'),
    () => admin.set(lockKey(spoilt), Buffer.from([0xc1, 0xff, 0x00])),
    () => admin.set(lockKey(spoilt), ''),
    () => admin.lpush(lockKey(spoilt), 'not ours'),
  ];
  const failed = { code: 'CLUSTER_COMMAND_FAILED' };
  for (const put of spoil) {
    const lock = await one.acquire(spoilt, { ttl: '1m' });
    await admin.del(lockKey(spoilt));
    await put();
    expect(await lock.release()).toMatchObject({ outcome: 'pending', error: failed });
    await expect(one.tryAcquire(spoilt)).rejects.toMatchObject(failed);
    await expect(one.acquire(spoilt)).rejects.toMatchObject(failed);
    await expect(one.acquireAll([spoilt, free])).rejects.toMatchObject(failed);
    expect(await (await two.acquire(free, { wait: 0 })).release()).toEqual({ outcome: 'released' });
    await admin.del(lockKey(spoilt));
  }
});

test('locks closed while their shard is away end soon, and so does their client', async ({ cluster }) => {
  const client = new ClusterClient({ nodes: cluster.addresses, deadline: 250 });
  await client.ready('20s');
  const locks = new Locks({ client });
  const resource = newResource();
  const lock = await locks.acquire(resource);
  const waiting = locks.acquire(resource);
  waiting.catch(() => {});
  const primary = cluster.primaryOf(lockKey(resource));
  await cluster.freeze(primary);
  const at = performance.now();
  await locks.close();
  await client.close();
  expect(performance.now() - at).toBeLessThan(3_000);
  expect(lock.signal.reason).toMatchObject({ reason: 'closed' });
  await expect(waiting).rejects.toMatchObject({ code: 'LOCK_CLOSED' });
});

test('each acquisition and each end is told, with the template and never the name', async ({ open }) => {
  const [one, two] = [await open(), await open()];
  const resource = newResource();
  const ends = await toldDuring('end', async () => {
    const told = await toldDuring('acquisition', async () => {
      const lock = await one.acquire(resource);
      await two.tryAcquire(resource);
      await expect(two.acquire(resource, { wait: 50 })).rejects.toThrow('locked by somebody else');
      const waiting = two.acquire(resource, { mode: 'shared' });
      await sleep(60);
      await lock.release();
      await (await waiting).release();
    });
    expect(told.map(({ as, outcome }) => [as, outcome])).toEqual([
      ['exclusive', 'taken'],
      ['exclusive', 'refused'],
      ['exclusive', 'timed-out'],
      ['shared', 'taken'],
    ]);
    expect(told[0]?.steps).toEqual(['taken']);
    expect(told[3]?.steps).toEqual(expect.arrayContaining(['refused', 'called', 'taken']));
    expect(JSON.stringify(told)).not.toContain(resource);
  });
  expect(ends.map(({ as, outcome }) => [as, outcome])).toEqual([
    ['exclusive', 'released'],
    ['shared', 'released'],
  ]);
});
