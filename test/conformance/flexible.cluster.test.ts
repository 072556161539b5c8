import { ClusterClient } from '@keyslot/cluster';
import { FlexibleRateLimiter } from '@keyslot/rate-limit/flexible';
import { testWith } from '@keyslot/testkit/vitest';
import { Cluster, Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import { describe, expect } from 'vitest';
import { keyCases } from './flexible-keys.ts';
import { asking, type Maker } from './flexible-makers.ts';
import { pointCases } from './flexible-points.ts';

/** Nobody listens there. */
const NOWHERE = { host: '127.0.0.1', port: 1 };

const base = testWith({ replicasPerPrimary: 0 }).extend<{ client: ClusterClient }>({
  client: async ({ cluster }, use) => {
    await using client = new ClusterClient({ nodes: cluster.addresses, deadline: '5s' });
    await use(client);
  },
});

/** A client whose cluster is away. */
function clientOfNothing(): ClusterClient {
  return new ClusterClient({ nodes: [NOWHERE], deadline: 100 });
}

describe('FlexibleRateLimiter', () => {
  /** The original is asked the same, to know that the cases ask for what it answers. */
  const test = base.extend<{ makers: readonly Maker[] }>({
    makers: async ({ cluster, client }, use) => {
      await using broken = clientOfNothing();
      const ioredis = new Cluster([...cluster.addresses]);
      const closed = new Redis({ ...NOWHERE, lazyConnect: true, retryStrategy: () => null });
      // That it cannot connect is what it is for; unheard, ioredis would print it.
      closed.on('error', () => undefined);
      const brokenToo = { storeClient: closed, rejectIfRedisNotReady: true };
      const ours: Maker = {
        whose: 'FlexibleRateLimiter',
        open: (options) => new FlexibleRateLimiter({ ...options, storeClient: client }),
        openBroken: (options) => new FlexibleRateLimiter({ ...options, storeClient: broken }),
      };
      const theirs: Maker = {
        whose: 'RateLimiterRedis',
        open: (options) => new RateLimiterRedis({ ...options, storeClient: ioredis } as never),
        openBroken: (options) => new RateLimiterRedis({ ...options, ...brokenToo } as never),
      };
      await use([ours, theirs]);
      closed.disconnect();
      await ioredis.quit();
    },
  });
  pointCases(asking(test));
  keyCases(asking(test));

  describe('beyond what is asked of the other', () => {
    test('counts together with it, under the same keys', async ({ cluster, client }) => {
      const ioredis = new Cluster([...cluster.addresses]);
      const options = { points: 5, duration: 60, keyPrefix: 'both', blockDuration: 600 };
      const theirs = new RateLimiterRedis({ ...options, storeClient: ioredis });
      const ours = new FlexibleRateLimiter({ ...options, storeClient: client });
      const key = '2001:db8::1';
      await theirs.consume(key, 2);
      expect(await ours.consume(key)).toMatchObject({ consumedPoints: 3, isFirstInDuration: false });
      expect(await theirs.consume(key)).toMatchObject({ consumedPoints: 4, remainingPoints: 1 });
      await expect(ours.consume(key, 2)).rejects.toMatchObject({ consumedPoints: 6, msBeforeNext: 600_000 });
      await expect(theirs.consume(key)).rejects.toMatchObject({ consumedPoints: 7 });
      expect((await theirs.get(key))?.msBeforeNext).toBeGreaterThan(500_000);
      await ioredis.quit();
    });

    test('keeps fractions of a second', async ({ client }) => {
      const limiter = new FlexibleRateLimiter({ storeClient: client, points: 1, duration: 0.25 });
      expect((await limiter.consume('quarter')).msBeforeNext).toBe(250);
    });

    test('lets nobody outside choose a slot, or another’s key', ({ client }) => {
      const limiter = new FlexibleRateLimiter({
        storeClient: client,
        points: 1,
        duration: 1,
        keyPrefix: 'p',
      });
      expect(['{a}', '%7Ba}', '\ud800'].map((key) => limiter.getKey(key))).toEqual([
        'p:%7Ba%7D',
        'p:%257Ba%7D',
        'p:\ufffd',
      ]);
    });

    test('keeps a block for ever though somebody asks', async ({ client }) => {
      const limiter = new FlexibleRateLimiter({ storeClient: client, points: 1, duration: 1 });
      await limiter.block('ever', 0);
      await expect(limiter.consume('ever')).rejects.toMatchObject({ msBeforeNext: -1 });
      expect(await limiter.get('ever')).toMatchObject({ msBeforeNext: -1 });
      await limiter.delete('ever');
    });

    test('covers up no mistake by its insurance limiter', async () => {
      await using broken = clientOfNothing();
      const insuranceLimiter = new RateLimiterMemory({ points: 9, duration: 1 });
      const limiter = new FlexibleRateLimiter({
        storeClient: broken,
        points: 1,
        duration: 1,
        insuranceLimiter,
      });
      await expect(limiter.consume('a', 1.5)).rejects.toMatchObject({ code: 'RATE_LIMIT_OUT_OF_RANGE' });
      expect(await limiter.consume('a')).toMatchObject({ remainingPoints: 8 });
    });

    test('has its insurance answer within the deadline of a frozen primary', async ({ cluster }) => {
      await using client = new ClusterClient({ nodes: cluster.addresses, deadline: 300 });
      await client.ready('20s');
      const insuranceLimiter = new RateLimiterMemory({ points: 9, duration: 1 });
      const limiter = new FlexibleRateLimiter({
        storeClient: client,
        points: 1,
        duration: 1,
        insuranceLimiter,
      });
      await cluster.freeze(cluster.primaryOf(limiter.getKey('a')));
      expect(await limiter.consume('a')).toMatchObject({ remainingPoints: 8 });
    });

    test('fails at once where it shall not wait', async () => {
      await using broken = clientOfNothing();
      const limiter = new FlexibleRateLimiter({
        storeClient: broken,
        points: 1,
        duration: 1,
        rejectIfRedisNotReady: true,
      });
      await expect(limiter.consume('a')).rejects.toMatchObject({ code: expect.stringMatching(/^CLUSTER_/) });
    });

    test('changes its limits while it runs', async ({ client }) => {
      const limiter = new FlexibleRateLimiter({
        storeClient: client,
        points: 1,
        duration: 60,
        keyPrefix: 'plan',
      });
      await limiter.consume('a');
      limiter.points = 2;
      expect(await limiter.consume('a')).toMatchObject({ remainingPoints: 0 });
      expect(() => {
        limiter.points = Number.NaN;
      }).toThrow(RangeError);
    });

    test.for([
      ['storeClient', new Redis({ ...NOWHERE, lazyConnect: true }), 'a ClusterClient'],
      ['useRedisPackage', true, 'nothing'],
      ['customIncrTtlLuaScript', 'return 1', 'nothing'],
      ['insuranceLimiter', {}, 'a limiter'],
      ['keyPrefix', 7, 'a text'],
      ['points', Number.POSITIVE_INFINITY, 'a finite number'],
      ['duration', -1, 'seconds from 0'],
      ['duration', undefined, 'seconds from 0'],
      ['blockDuration', 1e9, 'a year'],
      ['blockOnConsumed', 5, 'blockDuration'],
      ['inMemoryBlockOnConsumed', 1.5, 'whole number'],
    ] as const)('refuses %s: %o', ([name, value, allowed], { client }) => {
      const options = { storeClient: client, points: 1, duration: 1, [name]: value };
      expect(() => new FlexibleRateLimiter(options as never)).toThrow(new RegExp(`^${name}: .*${allowed}`));
    });
  });
});
