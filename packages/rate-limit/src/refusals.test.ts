import { ClusterClient, CommandFailedError } from '@keyslot/cluster';
import { InvalidOptionError } from '@keyslot/kernel';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConcurrencyLimiter } from './concurrency-limiter.ts';
import { type ConsumeAllRequest, consumeAll } from './consume-all.ts';
import type { ConsumeRequest } from './consume-many.ts';
import { NoSubjectError, RateLimitRangeError } from './errors.ts';
import { rateLimit } from './express.ts';
import { rateLimitHook } from './fastify.ts';
import { FlexibleRateLimiter } from './flexible.ts';
import type { HttpRateLimitOptions } from './http/options.ts';
import type { LimitOptions } from './limit-options.ts';
import { limiterAt } from './limiter-at.fixture.ts';
import { MemoryRateLimitClient } from './memory-client.ts';
import type { RateLimitClient } from './rate-limit-client.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { RateLimiterOptions } from './rate-limiter-options.ts';

const limits = [{ limit: 5, per: '1m' }] as const;

/** What somebody who has no compiler could give as a client. The last is like an ioredis `Cluster`. */
const NO_CLIENTS: unknown[] = [
  undefined,
  null,
  'redis://127.0.0.1',
  {},
  { nodes() {}, call() {}, evalsha() {} },
];

describe('a client', () => {
  it('that is none is refused by every limiter, which says what one is', () => {
    for (const none of NO_CLIENTS) {
      const client = none as RateLimitClient;
      for (const make of [
        () => new RateLimiter({ client, name: 'x', limits }),
        () => new RateLimiter({ client, name: 'x', limits, onUnavailable: 'local' }),
        () => new ConcurrencyLimiter({ client, name: 'x', limit: 1 }),
      ]) {
        expect(make).toThrow(InvalidOptionError);
        expect(make).toThrow(
          /^client: got .*a ClusterClient of @keyslot\/cluster, or a MemoryRateLimitClient/,
        );
      }
    }
  });

  it('is taken, be it the real one or its stand-in', async () => {
    const client = new ClusterClient({ nodes: [{ host: '127.0.0.1', port: 1 }] });
    onTestFinished(() => client.close());
    expect(new RateLimiter({ client, name: 'x', limits }).name).toBe('x');
    expect(new ConcurrencyLimiter({ client: new MemoryRateLimitClient(), name: 'x', limit: 1 }).name).toBe(
      'x',
    );
  });
});

describe('a subject', () => {
  it.each(['', 42, undefined, null, {}])('that is %j is refused by all that take one', async (none) => {
    const subject = none as string;
    const plan = vi.fn<() => typeof limits>(() => limits);
    const { limiter, client } = limiterAt({ limits: plan });
    const places = new ConcurrencyLimiter({ client, name: 'x', limit: 1 });
    for (const ask of [
      () => limiter.consume(subject),
      () => limiter.consume(subject, 1, { limits }),
      () => limiter.waitFor(subject),
      () => limiter.peek(subject),
      () => limiter.penalty(subject),
      () => limiter.reward(subject),
      () => limiter.block(subject, '1s'),
      () => limiter.reset(subject),
      () => consumeAll([[limiter, subject]]),
      () => places.consume(subject),
      () => places.release(subject, 'lease'),
      () => places.renew(subject, 'lease'),
      () => places.peek(subject),
      () => places.reset(subject),
    ])
      await expect(ask()).rejects.toThrow(NoSubjectError);
    expect(plan).not.toHaveBeenCalled();
    const [outcome] = await limiter.consumeMany(['']);
    expect(outcome).toMatchObject({ outcome: 'failed', error: { code: 'RATE_LIMIT_NO_SUBJECT' } });
  });
});

describe('an option', () => {
  it.each([
    [{ whenOpen: 'fail' }, "whenOpen: got 'fail'; allowed: wait, reject"],
    [{ hot: true }, 'hot: got true; allowed: an object'],
    [
      { hot: {}, limits: [{ ...limits[0], algorithm: 'sliding-log' }] },
      'hot: got an object; allowed: nothing beside',
    ],
    [{ hot: {}, limits: [...limits, { ...limits[0], algorithm: 'fixed-window' }] }, 'hot: got an object'],
    [{ limits: [] }, 'limits: got an empty array; allowed: an array of 1 to 16 limits'],
    [{ limits: [undefined] }, 'limits[0]: got undefined; allowed: a limit'],
    [{ limits: ['5/s'] }, "limits[0]: got '5/s'; allowed: a limit"],
  ])('that cannot be is refused, and named: %j', (options, message) => {
    expect(() => limiterAt(options as Partial<RateLimiterOptions>)).toThrow(InvalidOptionError);
    expect(() => limiterAt(options as Partial<RateLimiterOptions>)).toThrow(message);
  });

  it('like a plan that comes later is refused for what it is', async () => {
    const plan = async () => limits;
    const { limiter } = limiterAt({ limits: plan as unknown as () => LimitOptions[] });
    await expect(limiter.consume('s')).rejects.toThrow('limits: got a promise; allowed: an array');
  });

  it('of a limit is shown as it was written', async () => {
    const { limiter } = limiterAt();
    await expect(limiter.block('s', '366d')).rejects.toThrow("duration: got '366d'");
    await expect(limiter.waitFor('s', 1, { within: '25h' })).rejects.toThrow("within: got '25h'");
  });

  it('of points is refused when the limiter is made', () => {
    const storeClient = new ClusterClient({ nodes: [{ host: '127.0.0.1', port: 1 }] });
    onTestFinished(() => storeClient.close());
    const make = (options: object) => () =>
      new FlexibleRateLimiter({ storeClient, points: 1, duration: 1, ...options });
    for (const points of [-1, Number.NaN]) expect(make({ points })).toThrow(RateLimitRangeError);
    expect(make({ points: 0 })).not.toThrow();
    // The stand-in counts no points.
    for (const none of [...NO_CLIENTS, new MemoryRateLimitClient()])
      expect(make({ storeClient: none })).toThrow(/^storeClient: got .*a ClusterClient/);
  });
});

describe('a request', () => {
  it('of many that is none is refused before anybody is charged', async () => {
    const { limiter } = limiterAt();
    for (const [bad, message] of [
      [['s', { subject: 's' }], 'requests[1]: got an object; allowed: a subject, or [subject, cost]'],
      [['s', undefined], 'requests[1]: got undefined'],
      ['s', "requests: got 's'; allowed: an array"],
    ] as const)
      await expect(limiter.consumeMany(bad as unknown as ConsumeRequest[])).rejects.toThrow(
        expect.objectContaining({ code: 'KERNEL_INVALID_OPTION', message: expect.stringContaining(message) }),
      );
    for (const [bad, message] of [
      [
        [[limiter, 's'], { limiter, subject: 's' }],
        'requests[1]: got an object; allowed: [limiter, subject]',
      ],
      [
        [
          [limiter, 's'],
          ['s', limiter],
        ],
        'requests[1]: got an array',
      ],
      [{}, 'requests: got an object'],
    ] as const)
      await expect(consumeAll(bad as unknown as ConsumeAllRequest[])).rejects.toThrow(
        expect.objectContaining({ code: 'KERNEL_INVALID_OPTION', message: expect.stringContaining(message) }),
      );
    expect(await limiter.peek('s')).toMatchObject({ remaining: 2 });
  });
});

describe.each([
  ['Express', rateLimit],
  ['Fastify', rateLimitHook],
])('what a limit of %s is made of', (_, make) => {
  it.each([
    [{}, 'limiter: got undefined; allowed: a RateLimiter'],
    [{ limiter: 'api' }, "limiter: got 'api'"],
    [{ key: 'ip' }, "key: got 'ip'; allowed: a function"],
    [{ denied: 403 }, 'denied: got 403; allowed: a function'],
    [{ cost: -1 }, 'cost: got -1; allowed: a whole number'],
    [{ cost: 6, limits }, 'cost: got 6; allowed: 1 to 5'],
    [{ limits: [{}] }, 'limits[0].limit: got a value of type undefined'],
    [{ limits: [] }, 'limits: got an empty array'],
  ])('is refused when it is made: %j', (options, message) => {
    const { limiter } = limiterAt();
    const all = Object.keys(options).length === 0 ? {} : { limiter, ...options };
    expect(() => make(all as unknown as HttpRateLimitOptions<object>)).toThrow(message);
  });

  it('is taken where it may be', () => {
    const { limiter } = limiterAt();
    expect(() => make({ limiter, limits, cost: 5, key: () => 's' })).not.toThrow();
    expect(() => make({ limiter, limits: () => limits, cost: () => 2 })).not.toThrow();
  });
});

describe('what a server refuses until somebody corrects it', () => {
  it.each(['NOPERM', 'NOAUTH', 'WRONGTYPE', 'ERR'])('is thrown, whatever the rule: %s', async (reply) => {
    for (const onUnavailable of ['open', 'closed', 'local'] as const) {
      const { limiter, client } = limiterAt({ onUnavailable });
      vi.spyOn(client, 'run').mockRejectedValue(
        new CommandFailedError('EVALSHA', `${reply} this is not for you`),
      );
      await expect(limiter.consume('s')).rejects.toThrow(CommandFailedError);
      await limiter.close();
    }
  });

  it('is not taken for a server that has no memory left, about which the rule decides', async () => {
    const { limiter, client } = limiterAt({ onUnavailable: 'open' });
    vi.spyOn(client, 'run').mockRejectedValue(new CommandFailedError('EVALSHA', 'OOM command not allowed'));
    expect(await limiter.consume('s')).toMatchObject({ allowed: true, decidedBy: 'open' });
  });
});

it('goes by the clock of the stand-in that it asks', async () => {
  let now = 0;
  const client = new MemoryRateLimitClient({ clock: { now: () => now } });
  const limiter = new RateLimiter({ client, name: 'x', limits: [{ limit: 1, per: '1s' }] });
  await limiter.consume('s');
  await limiter.consume('s');
  now = 998;
  expect(await limiter.consume('s')).toMatchObject({
    allowed: false,
    decidedBy: 'memory-of-denials',
    retryAfterMs: 2,
  });
  now = 1000;
  expect(await limiter.consume('s')).toMatchObject({ allowed: true });
});

it('ends a wait with the reason why', async () => {
  const { limiter } = limiterAt();
  const reason = new Error('the visitor has left');
  const waiting = limiter.waitFor('s', 1, { signal: AbortSignal.abort(reason) });
  await expect(waiting).rejects.toMatchObject({ code: 'CLUSTER_ABORTED', command: 'waitFor', cause: reason });
  const consuming = limiter.consume('s', 1, { signal: AbortSignal.abort(reason) });
  await expect(consuming).rejects.toMatchObject({ code: 'CLUSTER_ABORTED', cause: reason });
});
