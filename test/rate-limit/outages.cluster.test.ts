import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import { type LimitOptions, RateLimiter } from '@keyslot/rate-limit';
import { describe, expect } from 'vitest';
import { sharedNow } from '../cache/fleet.ts';
import { codesOf, ended, load } from '../cluster/clients.ts';
import { newName, test } from './fixtures.ts';
import { secondsOf } from './flood.ts';
import type { Admission } from './flood-worker.ts';

const LIMITS: LimitOptions[] = [{ limit: 6, per: '1h' }];

describe('a primary that is frozen', () => {
  test('has each rule answer within the deadline, and never as a denial that no limiter decided', async ({
    cluster,
    open,
  }) => {
    const name = newName();
    const rule = (onUnavailable: 'throw' | 'open' | 'closed' | 'local') =>
      open({ name, limits: LIMITS, onUnavailable, deadline: 300 });
    const [throws, opens, closes, local, peer] = await Promise.all([
      rule('throw'),
      rule('open'),
      rule('closed'),
      rule('local'),
      rule('local'),
    ]);
    const all = [throws, opens, closes, local, peer];
    for (const limiter of all) expect(await limiter.consume('s')).toMatchObject({ decidedBy: 'cluster' });
    // The two that decide for themselves have heard of each other.
    await sleep(2500);

    const primary = cluster.primaryOf('s');
    await cluster.freeze(primary);
    const ends = await Promise.all(all.map((limiter) => ended(limiter.consume('s'))));
    await cluster.thaw(primary);
    expect(Math.max(...ends.map(({ ms }) => ms))).toBeLessThan(2_000);
    expect(ends[0]).toMatchObject({ error: { code: 'CLUSTER_DEADLINE_EXCEEDED', executed: 'unknown' } });
    expect(ends.slice(1)).toMatchObject([
      { value: { allowed: true, decidedBy: 'open', limitedBy: undefined } },
      { value: { allowed: false, decidedBy: 'closed', limitedBy: undefined } },
      // Six by two processes, of which one was taken.
      { value: { allowed: true, decidedBy: 'local', remaining: 2 } },
      { value: { allowed: true, decidedBy: 'local', remaining: 2 } },
    ]);
  });

  test('charges no request twice whose answer was lost', async ({ open, cluster }) => {
    const limiter = await open({ limits: [{ limit: 100, per: '1h' }], deadline: 400 });
    await limiter.consume('lost');
    const primary = cluster.primaryOf('lost');
    await cluster.freeze(primary);
    const ends = await Promise.all(Array.from({ length: 20 }, () => ended(limiter.consume('lost'))));
    await cluster.thaw(primary);
    expect(ends.every(({ error }) => error?.code === 'CLUSTER_DEADLINE_EXCEEDED')).toBe(true);
    const { remaining } = await limiter.peek('lost', 1, { deadline: '5s' });
    expect(remaining).toBeGreaterThanOrEqual(79);
  });

  test('is not taken for an outage by who gave up', async ({ open, cluster }) => {
    const limiter = await open({ limits: LIMITS, onUnavailable: 'open' });
    await limiter.consume('s');
    const primary = cluster.primaryOf('s');
    await cluster.freeze(primary);
    const end = await ended(limiter.consume('s', 1, { signal: AbortSignal.timeout(50) }));
    await cluster.thaw(primary);
    expect(end.error).toMatchObject({ code: 'CLUSTER_ABORTED' });
  });
});

describe('connections that are lost with answers on their way', () => {
  test('cost typed errors, and never charge a request twice', async ({ open, cluster }) => {
    const limit = 10_000_000;
    const limiter = await open({ limits: [{ limit, per: '1h', algorithm: 'fixed-window' }] });
    const subject = 'cut';
    const { admin } = cluster.primaryOf(subject);
    const calls = load(64, async () => {
      await limiter.consume(subject, 1);
    });
    for (let kills = 0; kills < 40; kills++) {
      await sleep(20);
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    const { rounds, errors } = await calls.stop();
    const { remaining } = await limiter.peek(subject);
    const charged = limit - remaining;
    expect(codesOf(errors.map((error) => ({ error, ms: 0 })))).toEqual(['CLUSTER_OUTCOME_UNKNOWN']);
    expect(charged).toBeGreaterThanOrEqual(rounds);
    expect(charged).toBeLessThanOrEqual(rounds + errors.length);
  });
});

describe('a failover', () => {
  test('admits a burst and what was not replicated once more, at the most, and fails with typed errors', async ({
    cluster,
  }) => {
    const [limit, burst] = [100, 10];
    const subject = 'failing-over';
    await using client = new ClusterClient({ nodes: cluster.addresses, deadline: 500 });
    await client.ready('20s');
    const limiter = new RateLimiter({
      client,
      name: newName(),
      limits: [{ limit, per: '1s', burst }],
      rememberDenials: 0,
    });
    const admissions: Admission[] = [];
    const codes = new Set<string>();
    const over = new AbortController();
    const callers = Array.from({ length: 32 }, async () => {
      while (!over.signal.aborted) {
        const from = sharedNow();
        const end = await ended(limiter.consume(subject));
        if (end.error !== undefined) codes.add(end.error.code ?? String(end.error));
        else if ((end.value as { allowed: boolean }).allowed) admissions.push({ from, to: sharedNow() });
      }
    });
    await sleep(1000);
    const victim = cluster.primaryOf(subject);
    await cluster.kill(victim);
    await cluster.untilFailedOver(victim);
    const before = admissions.length;
    await sleep(1500);
    over.abort();
    await Promise.all(callers);

    expect(admissions.length - before).toBeGreaterThan(50);
    const lagSeconds = 0.5;
    expect(admissions.length).toBeLessThanOrEqual(
      limit * secondsOf(admissions) + burst + (burst + limit * lagSeconds),
    );
    expect(
      [...codes].filter(
        (code) => !/^CLUSTER_(DEADLINE_EXCEEDED|OUTCOME_UNKNOWN|SHARD_UNAVAILABLE|OVERLOADED)$/.test(code),
      ),
    ).toEqual([]);
  });
});
