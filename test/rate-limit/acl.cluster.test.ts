import { randomUUID } from 'node:crypto';
import { ClusterClient } from '@keyslot/cluster';
import { ConcurrencyLimiter, RateLimiter } from '@keyslot/rate-limit';
import { FlexibleRateLimiter } from '@keyslot/rate-limit/flexible';
import { KeyslotThrottlerStorage } from '@keyslot/rate-limit/throttler';
import { describe, expect } from 'vitest';
import { ClusterUser } from '../cache/tenant-user.ts';
import { newName, test } from './fixtures.ts';

/* What docs/rate-limits.md says that a user with restricted permissions needs. */

const CLIENT = '-@all +ping +asking +readonly +info +cluster|slots +cluster|info +client|setname';
const SCRIPTS = '+evalsha +eval';
const LIMITER = '~limits:* +get +set +del +pttl +pexpire +time';
const LOG = '+lindex +llen +ltrim +rpop +rpush';
const PLACES = '+zadd +zcount +zrangebyscore +zrem +zremrangebyscore +zrevrange +zscore';
const LOCAL = '&keyslot:rate-limit:* +publish +subscribe +unsubscribe';
const THROTTLER = '~throttled:* +get +set +pttl';
const FLEXIBLE = '~rlflx:* +get +set +del +incrby +pttl +pexpire';

const LIMITS = { limit: 2, per: '1h' } as const;

async function useAll(limiter: RateLimiter): Promise<void> {
  const subject = randomUUID();
  for (let i = 0; i < 3; i++) await limiter.consume(subject);
  await limiter.peek(subject);
  await limiter.penalty(subject);
  await limiter.reward(subject, 3);
  await limiter.block(subject, '1m');
  await limiter.consume(subject);
  await limiter.block(subject, 0);
  await limiter.waitFor(subject);
  await limiter.reset(subject);
}

describe('a user with the permissions that the documentation names', () => {
  test('may do all that limiters do', async ({ cluster }) => {
    const rules = [CLIENT, SCRIPTS, LIMITER, LOG, PLACES, LOCAL, THROTTLER, FLEXIBLE].join(' ');
    await using user = await ClusterUser.create(cluster, rules);
    await using open = new AsyncDisposableStack();
    const { connection } = user;
    const client = open.use(
      new ClusterClient({ nodes: cluster.addresses, connection, selfCheck: false, deadline: '2s' }),
    );
    await client.ready('20s');
    for (const algorithm of [
      'gcra',
      'token-bucket',
      'fixed-window',
      'sliding-window',
      'sliding-log',
    ] as const) {
      const limits = [{ ...LIMITS, algorithm }];
      await useAll(open.use(new RateLimiter({ client, name: newName(), limits, onUnavailable: 'local' })));
    }
    const places = new ConcurrencyLimiter({ client, name: newName(), limit: 1 });
    const { lease } = await places.consume('s');
    expect(await places.consume('s')).toMatchObject({ allowed: false });
    expect(await places.renew('s', lease ?? '')).toBe('renewed');
    await places.peek('s');
    expect(await places.release('s', lease ?? '')).toBe('released');
    await places.reset('s');

    const storage = new KeyslotThrottlerStorage({ client, name: newName() });
    for (let i = 0; i < 3; i++) await storage.increment('s', 60_000, 1, 60_000, 'default');

    const flexible = new FlexibleRateLimiter({ storeClient: client, points: 1, duration: 60 });
    const key = randomUUID();
    await flexible.consume(key);
    await flexible.get(key);
    await flexible.block(key, 10);
    await flexible.delete(key);

    expect(await user.refusals()).toEqual([]);
  });

  test.for([
    ['keys', `~other:* ${SCRIPTS} ${LIMITER.replace('~limits:* ', '')}`],
    ['scripts', LIMITER],
    ['what a script does', `${SCRIPTS} ${LIMITER.replace('+time', '')}`],
  ] as const)(
    'is told what it may not, whatever the rule is for outages: %s',
    async ([, rules], { cluster }) => {
      await using user = await ClusterUser.create(cluster, `${CLIENT} ${rules}`);
      await using open = new AsyncDisposableStack();
      const { connection } = user;
      const client = open.use(new ClusterClient({ nodes: cluster.addresses, connection, selfCheck: false }));
      await client.ready('20s');
      const limiter = new RateLimiter({ client, name: newName(), limits: [LIMITS], onUnavailable: 'open' });
      await expect(limiter.consume('s')).rejects.toMatchObject({
        code: 'CLUSTER_COMMAND_FAILED',
        reply: expect.stringMatching(/^(NOPERM|ERR)$/) as unknown,
      });
    },
  );

  test('is told what lies under its key that no limiter has put there', async ({ client }) => {
    const name = newName();
    await client.call('rpush', [`limits:${name}:{s}`, 'a list']);
    const limiter = new RateLimiter({ client, name, limits: [LIMITS], onUnavailable: 'open' });
    await expect(limiter.consume('s')).rejects.toMatchObject({ reply: 'WRONGTYPE' });
    await limiter.reset('s');
    expect(await limiter.consume('s')).toMatchObject({ decidedBy: 'cluster' });
  });
});
