import { setTimeout as sleep } from 'node:timers/promises';
import { slotOf } from '@keyslot/keys';
import { ConcurrencyLimiter, consumeAll, type LimitOptions } from '@keyslot/rate-limit';
import { describe, expect } from 'vitest';
import { newName, test } from './fixtures.ts';

describe('several limits of one subject', () => {
  test('are charged all or none, in one key', async ({ open, cluster }) => {
    const name = newName();
    const limits: LimitOptions[] = [
      { limit: 10, per: '1h' },
      { limit: 2, per: '1h', algorithm: 'fixed-window' },
      { limit: 1000, per: '30d', algorithm: 'sliding-window' },
      { limit: 1000, per: '1d', algorithm: 'token-bucket' },
    ];
    const limiter = await open({ name, limits });
    const results = await Promise.all(Array.from({ length: 50 }, () => limiter.consume('s')));
    expect(results.filter(({ allowed }) => allowed)).toHaveLength(2);
    expect(results.filter(({ limitedBy }) => limitedBy === 1)).toHaveLength(48);
    const first = await limiter.peek('s', 1, { limits: limits.slice(0, 1) });
    expect(first).toMatchObject({ allowed: true, remaining: 8 });
    const keys = await Promise.all(cluster.primaries.map(({ admin }) => admin.keys(`limits:${name}:*`)));
    expect(keys.flat()).toEqual([`limits:${name}:{s}`]);
  });

  test('keep what was used when a plan changes, place by place', async ({ open }) => {
    const free: LimitOptions[] = [{ limit: 10, per: '1h', algorithm: 'fixed-window' }];
    const paid: LimitOptions[] = [
      { limit: 100, per: '1h', algorithm: 'fixed-window' },
      { limit: 5, per: '1s' },
    ];
    const plans = new Map([['s', free]]);
    const limiter = await open({ limits: (subject) => plans.get(subject) ?? free });
    await limiter.consume('s', 10);
    expect(await limiter.consume('s')).toMatchObject({ allowed: false });
    plans.set('s', paid);
    expect(await limiter.consume('s', 5)).toMatchObject({ allowed: true, remaining: 0, limit: 5 });
    plans.set('s', free);
    expect(await limiter.consume('s')).toMatchObject({ allowed: false, remaining: 0, limit: 10 });
  });

  test('owe no more than the new bucket holds when a slow limit becomes a quick one', async ({ open }) => {
    const limiter = await open({ limits: [{ limit: 10, per: '1d' }], rememberDenials: 0 });
    const quick: LimitOptions[] = [{ limit: 10, per: 200 }];
    await limiter.consume('s', 10);
    expect(await limiter.consume('s', 1, { limits: quick })).toMatchObject({ allowed: false });
    await sleep(250);
    expect(await limiter.consume('s', 10, { limits: quick })).toMatchObject({ allowed: true });
  });
});

describe('subjects', () => {
  test('are each their own, whatever their text is', async ({ open, client, cluster }) => {
    const name = newName();
    const limiter = await open({ name, limits: [{ limit: 1, per: '1h' }] });
    const subjects = [
      'a',
      'a}',
      '{a}',
      '{a',
      'a:log',
      'a:leases',
      'A',
      'a ',
      '\u0000',
      'ä',
      'a\ud800',
      `x:{y}`,
    ];
    const outcomes = await limiter.consumeMany(subjects);
    expect(outcomes.filter((each) => each.outcome === 'decided' && each.result.allowed)).toHaveLength(
      subjects.length,
    );
    const again = await limiter.consumeMany([...subjects.map((each) => [each, 1] as const), ['b', 0]]);
    expect(
      again.slice(0, -1).filter((each) => each.outcome === 'decided' && !each.result.allowed),
    ).toHaveLength(subjects.length);
    expect(again.at(-1)).toMatchObject({ outcome: 'failed', error: expect.any(RangeError) });
    const keys = await Promise.all(cluster.primaries.map(({ admin }) => admin.keys(`limits:${name}:*`)));
    expect(keys.flat()).toHaveLength(subjects.length);
    expect(client.shardOf(`limits:${name}:{a}`)).toEqual(client.slotOwner(slotOf('a')));
  });

  test('that are charged in order get back what a later one denies', async ({ open }) => {
    const users = await open({ limits: [{ limit: 10, per: '1h', algorithm: 'sliding-log' }] });
    const addresses = await open({ limits: [{ limit: 2, per: '1h' }] });
    const results = [];
    for (let i = 0; i < 4; i++) {
      results.push(
        await consumeAll([
          [users, 'user:1', 2],
          [addresses, '192.0.2.1'],
        ]),
      );
    }
    expect(results.map(({ allowed }) => allowed)).toEqual([true, true, false, false]);
    expect(results[3]).toMatchObject({ deniedAt: 1, denial: { decidedBy: 'memory-of-denials' } });
    expect(await users.peek('user:1')).toMatchObject({ remaining: 6 });
  });
});

describe('the memory of denials', () => {
  test('answers without a round trip until the place is free, and forgets what this process gives back', async ({
    open,
  }) => {
    const limiter = await open({ limits: [{ limit: 4, per: 2000 }] });
    await limiter.consume('s', 4);
    const denied = await limiter.consume('s', 2);
    expect(denied).toMatchObject({ allowed: false, decidedBy: 'cluster' });
    const again = await limiter.consume('s', 3);
    expect(again).toMatchObject({ allowed: false, decidedBy: 'memory-of-denials', limitedBy: 0 });
    expect(again.retryAfterMs).toBeLessThanOrEqual(denied.retryAfterMs);
    // Less might fit in.
    expect(await limiter.consume('s', 1)).toMatchObject({ decidedBy: 'cluster' });
    await limiter.consume('s', 4);
    await limiter.reward('s', 4);
    expect(await limiter.consume('s', 4)).toMatchObject({ allowed: true, decidedBy: 'cluster' });
    await limiter.consume('s', 4);
    await limiter.reset('s');
    expect(await limiter.consume('s', 4)).toMatchObject({ allowed: true, decidedBy: 'cluster' });
  });
});

describe('places', () => {
  test('are given to as many as there are, and come back released or expired', async ({
    client,
    cluster,
  }) => {
    const name = newName();
    const limiter = new ConcurrencyLimiter({ client, name, limit: 5, lease: '1s' });
    const results = await Promise.all(Array.from({ length: 50 }, () => limiter.consume('s')));
    const leases = results.flatMap(({ lease }) => lease ?? []);
    expect(leases).toHaveLength(5);
    const [first = '', second = ''] = leases;
    expect(await limiter.release('s', first)).toBe('released');
    expect(await limiter.release('s', first)).toBe('gone');
    expect(await limiter.peek('s')).toMatchObject({ allowed: true, remaining: 1 });
    const denied = [await limiter.consume('s'), await limiter.consume('s')][1];
    expect(denied).toMatchObject({ allowed: false, lease: undefined, limitedBy: 0, remaining: 0 });
    expect(denied?.retryAfterMs).toBeLessThanOrEqual(1000);
    await sleep(700);
    expect(await limiter.renew('s', second)).toBe('renewed');
    await sleep(500);
    // The others never came back.
    expect(await limiter.peek('s')).toMatchObject({ remaining: 4 });
    await sleep(700);
    expect(await limiter.renew('s', second)).toBe('lost');
    const keys = await Promise.all(cluster.primaries.map(({ admin }) => admin.keys(`limits:${name}:*`)));
    expect(keys.flat()).toEqual([]);
  });
});
