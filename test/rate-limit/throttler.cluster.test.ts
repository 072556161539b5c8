import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import { slotOf } from '@keyslot/keys';
import { MemoryRateLimitClient } from '@keyslot/rate-limit';
import { KeyslotThrottlerStorage } from '@keyslot/rate-limit/throttler';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  SkipThrottle,
  Throttle,
  ThrottlerGuard,
  ThrottlerModule,
  type ThrottlerStorage,
  ThrottlerStorageService,
} from '@nestjs/throttler';
import { describe, expect } from 'vitest';
import { test as base } from './fixtures.ts';

/**
 * The package's own storage, in one process, is asked the same where it answers the same; and so is ours without a cluster, as
 * in unit tests.
 */
const test = base.extend<{ storages: readonly ThrottlerStorage[] }>({
  storages: async ({ client }, use) => {
    const theirs = new ThrottlerStorageService();
    const inMemory = new KeyslotThrottlerStorage({ client: new MemoryRateLimitClient() });
    await use([new KeyslotThrottlerStorage({ client, name: randomUUID() }), inMemory, theirs]);
    theirs.onApplicationShutdown();
  },
});

describe('a storage of the throttler', () => {
  test('counts in a window, and says in seconds when it ends', async ({ storages }) => {
    for (const storage of storages) {
      const hit = () => storage.increment('a', 60_000, 3, 60_000, 'default');
      expect(await hit()).toEqual({
        totalHits: 1,
        timeToExpire: 60,
        isBlocked: false,
        timeToBlockExpire: expect.any(Number),
      });
      expect(await hit()).toMatchObject({ totalHits: 2, isBlocked: false });
      expect(await hit()).toMatchObject({ totalHits: 3, isBlocked: false });
    }
  });

  test('blocks for the block’s duration from the first one too many on, counts nothing more, and begins anew', async ({
    storages,
  }) => {
    await Promise.all(
      storages.map(async (storage) => {
        const hit = () => storage.increment('a', 60_000, 1, 1_500, 'default');
        await hit();
        expect(await hit()).toMatchObject({ totalHits: 2, isBlocked: true, timeToBlockExpire: 2 });
        await sleep(600);
        for (let i = 0; i < 3; i++)
          expect(await hit()).toMatchObject({ totalHits: 2, isBlocked: true, timeToBlockExpire: 1 });
        await sleep(1_000);
        expect(await hit()).toMatchObject({ totalHits: 1, isBlocked: false });
        expect(await hit()).toMatchObject({ totalHits: 2, isBlocked: true, timeToBlockExpire: 2 });
      }),
    );
  });

  test('without a block’s duration denies to the window’s end, counting nothing', async ({ storages }) => {
    await Promise.all(
      storages.map(async (storage) => {
        const hit = () => storage.increment('a', 1_000, 1, 0, 'default');
        expect(await hit()).toMatchObject({ totalHits: 1, isBlocked: false, timeToBlockExpire: 0 });
        for (let i = 0; i < 3; i++)
          expect(await hit()).toMatchObject({ totalHits: 2, isBlocked: true, timeToBlockExpire: 1 });
        await sleep(1_050);
        expect(await hit()).toMatchObject({ totalHits: 1, isBlocked: false });
      }),
    );
  });

  test('ends a window as long after its first request as it is, however many follow', async ({ client }) => {
    const storage = new KeyslotThrottlerStorage({ client, name: randomUUID() });
    const hit = () => storage.increment('a', 1_000, 9, 0, 'default');
    await hit();
    await sleep(600);
    await hit();
    await sleep(600);
    expect(await hit()).toMatchObject({ totalHits: 1 });
  });

  test('counts trackers and throttlers apart, whatever is in their names', async ({ client }) => {
    const storage = new KeyslotThrottlerStorage({ client, name: randomUUID() });
    const trackers = ['a', '{a}', 'a}:b', '', 'a:b', '\ud800'];
    const hits = await Promise.all(
      trackers.flatMap((tracker) =>
        ['b', 'default'].map((throttler) => storage.increment(tracker, 60_000, 1, 1_000, throttler)),
      ),
    );
    expect(hits.map(({ totalHits }) => totalHits)).toEqual(hits.map(() => 1));
  });

  test('admits exactly five of fifty at once, for several processes', async ({ client, cluster }) => {
    await using other = new ClusterClient({ nodes: cluster.addresses, deadline: '2s' });
    const name = randomUUID();
    const storages = [client, other].map((each) => new KeyslotThrottlerStorage({ client: each, name }));
    const hits = await Promise.all(
      storages.flatMap((storage) =>
        Array.from({ length: 25 }, () => storage.increment('a', 60_000, 5, 60_000, 'default')),
      ),
    );
    expect(hits.flatMap((hit) => (hit.isBlocked ? [] : [hit.totalHits])).toSorted((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5,
    ]);
  });

  test('counts each once, without an error, while its slot moves', async ({ client, cluster }) => {
    const name = randomUUID();
    const storage = new KeyslotThrottlerStorage({ client, name });
    const slot = slotOf(`throttled:${name}:{a}:default`);
    const from = cluster.primaryOf(slot);
    const to = cluster.primaries.find((primary) => primary !== from);
    if (to === undefined) throw new Error('there is only one primary');

    const totals: number[] = [];
    const moving = new AbortController();
    const hit = async () => {
      while (!moving.signal.aborted)
        totals.push((await storage.increment('a', 600_000, 1e9, 0, 'default')).totalHits);
    };
    const hitting = Promise.all([hit(), hit(), hit()]);
    await cluster.moveSlots({ slots: [slot], to });
    await cluster.moveSlots({ slots: [slot], to: from });
    moving.abort();
    await hitting;
    expect(totals.toSorted((a, b) => a - b)).toEqual(totals.map((_, i) => i + 1));
  });

  test('within the deadline of a frozen primary throws, or lets through', async ({ client, cluster }) => {
    const hit = (onUnavailable: 'throw' | 'open') =>
      new KeyslotThrottlerStorage({ client, name: 'frozen', onUnavailable, deadline: 300 }).increment(
        'a',
        1_000,
        1,
        0,
        'b',
      );
    await cluster.freeze(cluster.primaryOf('throttled:frozen:{a}:b'));
    await expect(hit('throw')).rejects.toMatchObject({ code: 'CLUSTER_DEADLINE_EXCEEDED' });
    expect(await hit('open')).toMatchObject({ totalHits: 0, isBlocked: false });
  });

  test('follows a limit that changes, and admits nobody at 0', async ({ client }) => {
    const storage = new KeyslotThrottlerStorage({ client, name: randomUUID() });
    const hit = (limit: number) => storage.increment('a', 60_000, limit, 0, 'default');
    expect(await hit(0)).toEqual({ totalHits: 1, timeToExpire: 60, isBlocked: true, timeToBlockExpire: 60 });
    await hit(1);
    expect(await hit(1)).toMatchObject({ isBlocked: true });
    expect(await hit(2)).toMatchObject({ isBlocked: false, totalHits: 2 });
  });

  test('takes one round trip and leaves one key', async ({ client, cluster }) => {
    const name = randomUUID();
    const storage = new KeyslotThrottlerStorage({ client, name });
    const primary = cluster.primaryOf(`throttled:${name}:{a}:default`).admin;
    // A node that does not know the script yet is asked twice.
    await storage.increment('a', 60_000, 1, 60_000, 'default');
    await primary.config('RESETSTAT');
    for (let i = 0; i < 3; i++) await storage.increment('a', 60_000, 1, 60_000, 'default');
    expect(await primary.info('commandstats')).toMatch(/cmdstat_evalsha:calls=3,/);
    const keys = await Promise.all(cluster.primaries.map(({ admin }) => admin.keys(`*${name}*`)));
    expect(keys.flat()).toEqual([`throttled:${name}:{a}:default`]);
  });

  test('without the cluster throws, or lets through where told to; it never denies', async () => {
    await using client = new ClusterClient({ nodes: [{ host: '127.0.0.1', port: 1 }], deadline: 100 });
    const hit = (onUnavailable: 'throw' | 'open') =>
      new KeyslotThrottlerStorage({ client, onUnavailable }).increment('a', 60_000, 1, 60_000, 'default');
    await expect(hit('throw')).rejects.toMatchObject({ code: expect.stringMatching(/^CLUSTER_/) });
    expect(await hit('open')).toEqual({
      totalHits: 0,
      timeToExpire: 60,
      isBlocked: false,
      timeToBlockExpire: 0,
    });
  });

  test('refuses what is no client of a cluster', ({ client }) => {
    expect(() => new KeyslotThrottlerStorage({ client: {} as never })).toThrow(
      'client: got an object; allowed: a ClusterClient',
    );
    expect(() => new KeyslotThrottlerStorage({ client, onUnavailable: 'closed' as never })).toThrow(
      'throw, open',
    );
  });

  test.for([
    ['ttl', [0, 1, 1]],
    ['ttl', [Number.NaN, 1, 1]],
    ['limit', [1, Number.NaN, 1]],
    ['blockDuration', [1, 1, -1]],
    ['blockDuration', [1, 1, 1e12]],
  ] as const)('refuses a %s that cannot be: %o', async ([what, [ttl, limit, block]], { client }) => {
    const storage = new KeyslotThrottlerStorage({ client });
    await expect(storage.increment('a', ttl, limit, block, 'default')).rejects.toMatchObject({
      code: 'RATE_LIMIT_OUT_OF_RANGE',
      what,
    });
  });
});

describe('in a Nest application', () => {
  @Controller()
  class Pages {
    @Get('two')
    two(): string {
      return 'ok';
    }

    @Throttle({ default: { limit: 1, ttl: 60_000, blockDuration: 30_000 } })
    @Get('one')
    one(): string {
      return 'ok';
    }

    @SkipThrottle()
    @Get('any')
    any(): string {
      return 'ok';
    }
  }

  test('the guard counts with it, route by route', async ({ client }) => {
    @Module({ providers: [{ provide: ClusterClient, useValue: client }], exports: [ClusterClient] })
    class Connection {}
    const module = await Test.createTestingModule({
      imports: [
        ThrottlerModule.forRootAsync({
          imports: [Connection],
          inject: [ClusterClient],
          useFactory: (injected: ClusterClient) => ({
            throttlers: [{ limit: 2, ttl: 60_000 }],
            storage: new KeyslotThrottlerStorage({ client: injected, name: randomUUID() }),
          }),
        }),
      ],
      controllers: [Pages],
      providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const get = (path: string) => fetch(`${url}/${path}`, { headers: { connection: 'close' } });

    const first = await get('two');
    expect([first.status, first.headers.get('x-ratelimit-remaining')]).toEqual([200, '1']);
    expect((await get('two')).status).toBe(200);
    const denied = await get('two');
    expect([denied.status, denied.headers.get('retry-after')]).toEqual([429, '60']);
    expect((await get('one')).status).toBe(200);
    const blocked = await get('one');
    expect([blocked.status, blocked.headers.get('retry-after')]).toEqual([429, '30']);
    for (let i = 0; i < 4; i++) expect((await get('any')).status).toBe(200);
    await app.close();
  });
});
