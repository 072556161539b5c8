import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import { systemClock } from '@keyslot/kernel';
import { key } from '@keyslot/keys';
import { test as withCluster } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { ClusterTier } from './cluster-tier.ts';
import { leaseBytes } from './entry.ts';
import { EntryFormat } from './entry-format.ts';
import { newToken } from './token.ts';
import { untilLeaseEnds } from './waiting.ts';
import { WakeUps } from './wake-ups.ts';

const thing = key('test:waiting:{<id>}').holds<string>();
const LEASE_MS = 5_000;

/** A lease that somebody has taken, and all that is needed to wait for it. */
interface Scene {
  readonly entry: ReturnType<typeof thing>;
  readonly token: Buffer;
  readonly tier: ClusterTier;
  readonly wakeUps: WakeUps;
  readonly wait: (ms?: number) => ReturnType<typeof untilLeaseEnds>;
  readonly fill: () => Promise<unknown>;
}

const test = withCluster.extend<{ scene: Scene }>({
  scene: async ({ cluster }, use) => {
    await using client = new ClusterClient({ nodes: cluster.addresses, deadline: '2s' });
    await client.ready();
    await using wakeUps = new WakeUps(client, systemClock);
    const tier = new ClusterTier(client, new EntryFormat());
    const [entry, token] = [thing({ id: randomUUID() }), newToken()];
    const now = Date.now();
    const bytes = new EntryFormat().encode(token, entry.text, 'Wien', {
      writtenAt: now,
      freshUntil: now + 60_000,
      loadMs: 0,
    });
    expect(await tier.lead(entry, token, LEASE_MS)).toEqual({ kind: 'leader' });
    await use({
      entry,
      token,
      tier,
      wakeUps,
      wait: (ms = 3_000) =>
        untilLeaseEnds(entry, leaseBytes(token), {
          tier,
          wakeUps,
          clock: systemClock,
          until: systemClock.monotonic() + ms,
        }),
      fill: () => tier.fill(entry, token, bytes, 60_000),
    });
    await tier.release(entry, token);
  },
});

async function msOf<Result>(work: Promise<Result>): Promise<{ result: Result; ms: number }> {
  const start = performance.now();
  return { result: await work, ms: performance.now() - start };
}

describe('a waiter', () => {
  test('whose lease ended before it could be marked finds that out by marking', async ({ scene }) => {
    // Somebody waits in the slot already, so the channel stands when the waiter comes.
    using other = scene.wakeUps.expect(scene.entry.slot, newToken());
    expect(await other.sleep(5_000)).toBe('channel');
    await scene.fill();
    const { result, ms } = await msOf(scene.wait());
    expect(result).toMatchObject({ kind: 'value', value: 'Wien' });
    // Had it slept first, it would have been for 50 ms at least.
    expect(ms).toBeLessThan(40);
  });

  test('is told of another lease in the place of the one that it saw', async ({ scene }) => {
    const { entry, tier, token } = scene;
    const waiting = scene.wait();
    await sleep(50);
    const other = newToken();
    await tier.seize(entry, other, LEASE_MS);
    expect(await waiting).toEqual({ kind: 'leased', lease: leaseBytes(other) });
    await tier.release(entry, other);
    await tier.lead(entry, token, LEASE_MS);
  });

  test('finds by looking that the lease was deleted, or has expired', async ({ scene, cluster }) => {
    const { entry, tier, token } = scene;
    const { admin } = cluster.primaryOf(entry);
    for (const end of [() => admin.del(entry.text), () => admin.pexpire(entry.text, 60)]) {
      await tier.lead(entry, token, LEASE_MS);
      const waiting = scene.wait();
      await sleep(100);
      await end();
      const { result, ms } = await msOf(waiting);
      expect(result).toEqual({ kind: 'miss' });
      expect(ms).toBeLessThan(400);
    }
  });

  test('looks when the lease should have expired, not only in its own time', async ({ scene, cluster }) => {
    const { entry, tier, token } = scene;
    const { admin } = cluster.primaryOf(entry);
    using other = scene.wakeUps.expect(entry.slot, newToken());
    expect(await other.sleep(5_000)).toBe('channel');
    const all: number[] = [];
    for (let round = 0; round < 9; round++) {
      await tier.lead(entry, token, LEASE_MS);
      await admin.pexpire(entry.text, 20);
      const { result, ms } = await msOf(scene.wait());
      expect(result).toEqual({ kind: 'miss' });
      all.push(ms);
    }
    // In its own time it would be 50 ms at least.
    expect(all.toSorted((a, b) => a - b)[4]).toBeLessThan(50);
  });

  test('whose time is up is told what is there then', async ({ scene }) => {
    const { result, ms } = await msOf(scene.wait(300));
    expect(result).toEqual({ kind: 'leased', lease: leaseBytes(scene.token) });
    // The wall clock counts whole milliseconds, and a timer may be early by one.
    expect(ms).toBeGreaterThanOrEqual(295);
    expect(ms).toBeLessThan(2_000);
  });

  test('leaves the lease as long as it was, and its holder able to renew, fill and release it', async ({
    scene,
    cluster,
  }) => {
    const { entry, tier, token } = scene;
    const { admin } = cluster.primaryOf(entry);
    expect(await tier.mark(entry, leaseBytes(token))).toMatchObject({ kind: 'waiting', willTell: true });
    const left = await admin.pttl(entry.text);
    expect(left).toBeGreaterThan(LEASE_MS - 1_000);
    expect(left).toBeLessThanOrEqual(LEASE_MS);
    expect(await admin.strlen(entry.text)).toBe(18);
    expect(await tier.mark(entry, leaseBytes(token))).toMatchObject({ kind: 'waiting', willTell: true });
    expect(await admin.strlen(entry.text)).toBe(18);
    // As a repeated command finds it that was answered with nothing.
    expect(await tier.lead(entry, token, LEASE_MS)).toEqual({ kind: 'leader' });
    expect(await tier.renew(entry, token, 60_000)).toBe('renewed');
    expect(await admin.pttl(entry.text)).toBeGreaterThan(50_000);

    expect(await scene.fill()).toEqual({ outcome: 'filled' });
    expect(await tier.mark(entry, leaseBytes(token))).toMatchObject({ kind: 'value', value: 'Wien' });
    await tier.delete(entry, {});
    expect(await tier.mark(entry, leaseBytes(token))).toEqual({ kind: 'miss' });

    await tier.lead(entry, token, LEASE_MS);
    await tier.mark(entry, leaseBytes(token));
    await tier.release(entry, token);
    expect(await admin.exists(entry.text)).toBe(0);
  });

  test('is not told by a shard without memory for the mark, and looks for itself', async ({
    scene,
    cluster,
  }) => {
    const { entry, tier, token } = scene;
    const primary = cluster.primaryOf(entry);
    await cluster.setMaxMemory(primary, '1');
    expect(await tier.mark(entry, leaseBytes(token))).toMatchObject({ kind: 'waiting', willTell: false });
    const waiting = scene.wait();
    await sleep(50);
    await cluster.setMaxMemory(primary, '0');
    await scene.fill();
    const { result, ms } = await msOf(waiting);
    expect(result).toMatchObject({ kind: 'value' });
    expect(ms).toBeLessThan(150);
  });
});

describe('the calls of a slot', () => {
  test('go to those who wait for that lease, and one that comes early is kept', async ({
    scene,
    cluster,
  }) => {
    const { entry, wakeUps, tier, token } = scene;
    using mine = wakeUps.expect(entry.slot, token);
    using another = wakeUps.expect(entry.slot, newToken());
    expect(await mine.sleep(5_000)).toBe('channel');
    expect(await another.sleep(5_000)).toBe('channel');
    expect([mine.stands, another.stands]).toEqual([true, true]);
    await tier.mark(entry, leaseBytes(token));
    await scene.fill();
    await sleep(100);
    expect(await mine.sleep(5_000)).toBe('called');
    expect(await another.sleep(10)).toBe('time');

    await Promise.all(cluster.nodes.map(({ admin }) => admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')));
    await sleep(300);
    // It stands again, and has not stood all the time.
    expect(mine.stands).toBe(false);
    expect(await mine.sleep(5_000)).toBe('channel');
    expect(mine.stands).toBe(true);
  });

  test('come to nobody any more after the end', async ({ scene, cluster }) => {
    const { entry, wakeUps, token } = scene;
    using waiter = wakeUps.expect(entry.slot, token);
    await waiter.sleep(5_000);
    await wakeUps[Symbol.asyncDispose]();
    expect(waiter.stands).toBe(false);
    using late = wakeUps.expect(entry.slot, token);
    expect([late.stands, await late.sleep(5)]).toEqual([false, 'time']);
    const { admin } = cluster.primaryOf(entry);
    await expect.poll(() => admin.call('PUBSUB', 'SHARDCHANNELS')).toEqual([]);
  });
});
