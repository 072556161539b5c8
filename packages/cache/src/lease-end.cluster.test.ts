import { ClusterClient } from '@keyslot/cluster';
import { systemClock } from '@keyslot/kernel';
import { ManualClock } from '@keyslot/testkit';
import { describe, expect, vi } from 'vitest';
import { leaseBytes } from './entry.ts';
import { LEASE_MS, newEntry, scriptsDuring, test, valueOf } from './lease-end.fixture.ts';
import { LeaseEnd } from './lease-end.ts';
import { REFUSED_MS } from './support.ts';
import { newToken } from './token.ts';
import { WakeUps } from './wake-ups.ts';

describe('a fill', () => {
  test('takes the place of its lease, without a script where the server compares by itself', async ({
    cluster,
    scene: { ends, knows, tier },
  }) => {
    const scripts = await scriptsDuring(cluster, async () => {
      for (let round = 0; round < 30; round++) {
        const [entry, token] = [newEntry(), newToken()];
        await tier.lead(entry, token, LEASE_MS);
        expect(await ends.fill(entry, token, valueOf(entry, token), 60_000)).toBe('filled');
        expect(await tier.read(entry)).toMatchObject({ kind: 'value', value: 'Wien' });
        const left = await cluster.primaryOf(entry).admin.pttl(entry.text);
        expect(left).toBeGreaterThan(50_000);
        expect(left).toBeLessThanOrEqual(60_000);
      }
    });
    expect(scripts).toBe(knows.setIfEqual ? 0 : 30);
  });

  test('that is refused is tried once at each primary, until minutes later', async ({
    cluster,
    scene: { client, knows, tier },
  }) => {
    const clock = new ManualClock();
    const ends = new LeaseEnd(client, clock);
    const refusals = async () => {
      const infos = await Promise.all(cluster.primaries.map(({ admin }) => admin.info('errorstats')));
      const counts = infos.map((info) => Number(/^errorstat_ERR:count=(\d+)/m.exec(info)?.[1] ?? 0));
      return counts.reduce((sum, each) => sum + each, 0);
    };
    const fillMany = () =>
      Promise.all(
        Array.from({ length: 100 }, async () => {
          const [entry, token] = [newEntry(), newToken()];
          await tier.lead(entry, token, LEASE_MS);
          expect(await ends.fill(entry, token, valueOf(entry, token), 60_000)).toBe('filled');
        }),
      );
    const before = await refusals();
    await fillMany();
    await fillMany();
    const once = knows.setIfEqual ? 0 : cluster.primaries.length;
    expect((await refusals()) - before).toBe(once);
    await clock.advance(REFUSED_MS);
    await fillMany();
    expect((await refusals()) - before).toBe(2 * once);
  });

  test.for(['deleted', 'expired', 'taken by another', 'filled by another', 'of another type'] as const)(
    'leaves what is there when its lease was %s',
    async (what, { cluster, scene }) => {
      const { ends, tier } = scene;
      for (let round = 0; round < 5; round++) {
        const [entry, token, other] = [newEntry(), newToken(), newToken()];
        const { admin } = cluster.primaryOf(entry);
        await tier.lead(entry, token, LEASE_MS);
        if (what === 'expired') await admin.pexpire(entry.text, 1);
        else await admin.del(entry.text);
        if (what === 'expired') await expect.poll(() => admin.exists(entry.text)).toBe(0);
        if (what === 'taken by another') await tier.lead(entry, other, LEASE_MS);
        if (what === 'filled by another') await admin.set(entry.text, valueOf(entry, other), 'PX', 60_000);
        if (what === 'of another type') await admin.hset(entry.text, 'a', '1');

        const before = await admin.dumpBuffer(entry.text);
        const filling = ends.fill(entry, token, valueOf(entry, token), 60_000);
        if (what === 'of another type') await expect(filling).rejects.toMatchObject({ reply: 'WRONGTYPE' });
        else expect(await filling).toBe('superseded');
        expect(await admin.dumpBuffer(entry.text)).toEqual(before);
        await admin.del(entry.text);
      }
    },
  );

  test('of a lease that is waited for is left to the script, which tells those who wait', async ({
    cluster,
    scene: { client, ends, tier },
  }) => {
    const [entry, token] = [newEntry(), newToken()];
    await using wakeUps = new WakeUps(client, systemClock);
    using waiter = wakeUps.expect(entry.slot, token);
    expect(await waiter.sleep(5_000)).toBe('channel');
    await tier.lead(entry, token, LEASE_MS);
    expect(await tier.mark(entry, leaseBytes(token))).toMatchObject({ willTell: true });
    const scripts = await scriptsDuring(cluster, async () => {
      expect(await ends.fill(entry, token, valueOf(entry, token), 60_000)).toBe('filled');
    });
    expect(scripts).toBe(1);
    expect(await waiter.sleep(5_000)).toBe('called');
    expect(await tier.read(entry)).toMatchObject({ kind: 'value', value: 'Wien' });
  });

  test('that is repeated after its answer was lost knows its own value', async ({
    cluster,
    scene: { client, ends, knows, tier },
  }) => {
    const sent = vi.spyOn(client, 'call');
    for (let round = 0; round < 5; round++) {
      const [entry, token] = [newEntry(), newToken()];
      const bytes = valueOf(entry, token);
      await tier.lead(entry, token, LEASE_MS);
      expect(await ends.fill(entry, token, bytes, 60_000)).toBe('filled');
      expect(await ends.fill(entry, token, bytes, 60_000)).toBe('filled');
      await cluster.primaryOf(entry).admin.del(entry.text);
      expect(await ends.fill(entry, token, bytes, 60_000)).toBe('superseded');
    }
    // So the client may repeat it by itself.
    const fills = sent.mock.calls.filter(([, args]) => args.includes('IFEQ'));
    expect(fills).toHaveLength(knows.setIfEqual ? 15 : 0);
    for (const [, , options] of fills) expect(options).toMatchObject({ safety: 'idempotent' });
  });

  test('is refused by a node without memory, once, and leaves the lease', async ({ cluster, scene }) => {
    const { client, ends, knows, tier } = scene;
    const [entry, token] = [newEntry(), newToken()];
    const primary = cluster.primaryOf(entry);
    await tier.lead(entry, token, LEASE_MS);
    await cluster.setMaxMemory(primary, '1', 'noeviction');
    const scripts = await scriptsDuring(cluster, async () => {
      const filling = ends.fill(entry, token, valueOf(entry, token), 60_000);
      await expect(filling).rejects.toMatchObject({ reply: 'OOM' });
    });
    expect(scripts).toBe(knows.setIfEqual ? 0 : 1);

    // One that does not know yet what the node understands tries it once, not with each fill.
    const fresh = new LeaseEnd(client);
    const tried = vi.spyOn(client, 'call');
    const later = await scriptsDuring(cluster, async () => {
      for (let round = 0; round < 3; round++) {
        const filling = fresh.fill(entry, token, valueOf(entry, token), 60_000);
        await expect(filling).rejects.toMatchObject({ reply: 'OOM' });
      }
    });
    expect(later).toBe(3);
    expect(tried).toHaveBeenCalledTimes(1);
    expect(await ends.release(entry, token, '')).toBe('removed');
  });
});

describe('a release', () => {
  test('removes its lease, without a script where the server compares by itself', async ({
    cluster,
    scene: { ends, knows, tier },
  }) => {
    const scripts = await scriptsDuring(cluster, async () => {
      for (let round = 0; round < 30; round++) {
        const [entry, token] = [newEntry(), newToken()];
        await tier.lead(entry, token, LEASE_MS);
        expect(await ends.release(entry, token, '')).toBe('removed');
        expect(await tier.read(entry)).toEqual({ kind: 'miss' });
      }
    });
    expect(scripts).toBe(knows.deleteIfEqual ? 0 : 30);
  });

  test('of a lease that is waited for is left to the script, which tells those who wait', async ({
    cluster,
    scene: { client, ends, tier },
  }) => {
    const [entry, token] = [newEntry(), newToken()];
    await using wakeUps = new WakeUps(client, systemClock);
    using waiter = wakeUps.expect(entry.slot, token);
    expect(await waiter.sleep(5_000)).toBe('channel');
    await tier.lead(entry, token, LEASE_MS);
    await tier.mark(entry, leaseBytes(token));
    const scripts = await scriptsDuring(cluster, async () => {
      expect(await ends.release(entry, token, '')).toBe('removed');
    });
    expect(scripts).toBe(1);
    expect(await waiter.sleep(5_000)).toBe('called');
    expect(await tier.read(entry)).toEqual({ kind: 'miss' });
  });

  test("leaves another's lease and a value alone, also a second time", async ({ scene: { ends, tier } }) => {
    for (let round = 0; round < 5; round++) {
      const [entry, token, other] = [newEntry(), newToken(), newToken()];
      await tier.lead(entry, token, LEASE_MS);
      expect(await ends.release(entry, token, '')).toBe('removed');
      await tier.lead(entry, other, LEASE_MS);
      expect(await ends.release(entry, token, '')).toBe('changed');
      expect(await tier.read(entry)).toEqual({ kind: 'leased', lease: leaseBytes(other) });
      await ends.fill(entry, other, valueOf(entry, other), 60_000);
      expect(await ends.release(entry, other, '')).toBe('changed');
      expect(await tier.read(entry)).toMatchObject({ kind: 'value' });
    }
  });
});

describe('a user whom the server does not permit DELIFEQ', () => {
  test('releases by the script, and is refused once by each primary', async ({
    cluster,
    scene: { tier },
  }) => {
    const rule = ['on', 'nopass', '~*', '&*', '+@all', '-delifeq'];
    const user = 'test-no-delifeq';
    const set = (...words: string[]) =>
      Promise.all(cluster.nodes.map(({ admin }) => admin.call('ACL', 'SETUSER', user, ...words)));
    // Below Valkey 9.0 there is nothing to forbid, and the same holds.
    await set(...rule).catch(() => set(...rule.slice(0, -1)));
    await using client = new ClusterClient({
      nodes: cluster.addresses,
      deadline: '2s',
      connection: { username: user, password: 'any' },
    });
    await client.ready();
    const ends = new LeaseEnd(client, new ManualClock());
    const refusals = async () => {
      const infos = await Promise.all(cluster.primaries.map(({ admin }) => admin.info('errorstats')));
      const all = infos.flatMap((info) => [...info.matchAll(/^errorstat_(?:NOPERM|ERR):count=(\d+)/gm)]);
      return all.reduce((sum, [, count]) => sum + Number(count), 0);
    };
    const before = await refusals();
    for (let round = 0; round < 30; round++) {
      const [entry, token] = [newEntry(), newToken()];
      await tier.lead(entry, token, LEASE_MS);
      expect(await ends.release(entry, token, '')).toBe('removed');
    }
    expect((await refusals()) - before).toBe(cluster.primaries.length);
    await Promise.all(cluster.nodes.map(({ admin }) => admin.call('ACL', 'DELUSER', user)));
  });
});
