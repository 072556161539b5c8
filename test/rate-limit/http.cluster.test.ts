import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ClusterClient } from '@keyslot/cluster';
import {
  type LimitOptions,
  type OnUnavailable,
  RateLimiter,
  type RateLimiterOptions,
} from '@keyslot/rate-limit';
import {
  addressOf,
  rateLimit as forExpress,
  type HttpRateLimitOptions,
  RateLimitedError,
} from '@keyslot/rate-limit/express';
import { rateLimitHook as forFastify } from '@keyslot/rate-limit/fastify';
import express, { type ErrorRequestHandler } from 'express';
import fastify, { type FastifyError } from 'fastify';
import { describe, expect } from 'vitest';
import { test as base, newName } from './fixtures.ts';

/** What a test looks at of a request, in either framework. */
interface Seen {
  readonly ip?: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
}

interface Served extends AsyncDisposable {
  get(path?: string, headers?: Record<string, string>): Promise<Response>;
}

interface Framework {
  readonly name: string;

  /** An application with these in front of everything, one after the other; its error handler says the code. */
  readonly serve: (
    all: readonly HttpRateLimitOptions<Seen>[],
    options?: { readonly trustProxy?: boolean },
  ) => Promise<Served>;
}

const frameworks: readonly Framework[] = [
  {
    name: 'Express',
    serve: async (all, { trustProxy = false } = {}) => {
      const app = express();
      app.set('trust proxy', trustProxy);
      for (const options of all) app.use(forExpress(options));
      app.get('/', (_, response) => void response.json({ ok: true }));
      const onError: ErrorRequestHandler = (
        error: { statusCode?: number; code: string },
        _,
        response,
        next,
      ) => {
        if (response.headersSent) next(error);
        else response.status(error.statusCode ?? 500).json({ code: error.code });
      };
      app.use(onError);
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return served((server.address() as AddressInfo).port, async () => {
        server.closeAllConnections();
        server.close();
      });
    },
  },
  {
    name: 'Fastify',
    serve: async (all, { trustProxy = false } = {}) => {
      const app = fastify({ trustProxy, forceCloseConnections: true });
      for (const options of all) app.addHook('onRequest', forFastify(options));
      app.get('/', async () => ({ ok: true }));
      app.setErrorHandler<FastifyError>((error, _, reply) => {
        void reply.code(error.statusCode ?? 500).send({ code: error.code });
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      return served((app.server.address() as AddressInfo).port, () => app.close());
    },
  },
];

function served(port: number, close: () => Promise<void>): Served {
  return {
    get: (path = '/', headers = {}) => fetch(`http://127.0.0.1:${port}${path}`, { headers }),
    [Symbol.asyncDispose]: close,
  };
}

const ONE: readonly LimitOptions[] = [{ limit: 1, per: '1m' }];

const test = base.extend<{
  limiter: (options?: Partial<RateLimiterOptions>) => RateLimiter;
}>({
  limiter: async ({ client }, use) => {
    await use((options) => new RateLimiter({ client, name: newName(), limits: ONE, ...options }));
  },
});

describe.each(frameworks)('$name', ({ serve }) => {
  test('tells what is left, and answers 429 with when to come back', async ({ limiter }) => {
    const one = limiter();
    await using app = await serve([{ limiter: one, limits: ONE }]);
    const first = await app.get();
    expect([first.status, await first.json()]).toEqual([200, { ok: true }]);
    expect(first.headers.get('ratelimit-policy')).toBe(`"${one.name}";q=1;w=60`);
    expect(first.headers.get('ratelimit')).toBe(`"${one.name}";r=0;t=60`);
    expect(first.headers.get('retry-after')).toBeNull();

    const second = await app.get();
    expect(second.status).toBe(429);
    expect(second.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(second.headers.get('ratelimit')).toMatch(new RegExp(`^"${one.name}";r=0;t=(60|59)$`));
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(57);
    expect(await second.json()).toMatchObject({
      status: 429,
      title: 'Too Many Requests',
      retryAfterMs: expect.any(Number),
    });
  });

  test('charges the connection, whatever a header says', async ({ limiter }) => {
    await using app = await serve([{ limiter: limiter() }]);
    const statuses = [];
    for (let i = 0; i < 3; i++) {
      const headers = {
        'x-forwarded-for': `198.51.100.${i}`,
        forwarded: `for=198.51.100.${i}`,
        'x-real-ip': `198.51.100.${i}`,
      };
      statuses.push((await app.get('/', headers)).status);
    }
    expect(statuses).toEqual([200, 429, 429]);
  });

  test('charges whom a trusted proxy names, when the framework trusts it', async ({ limiter }) => {
    await using app = await serve([{ limiter: limiter() }], { trustProxy: true });
    const from = async (address: string) => (await app.get('/', { 'x-forwarded-for': address })).status;
    expect(await from('198.51.100.1')).toBe(200);
    expect(await from('198.51.100.2')).toBe(200);
    expect(await from('198.51.100.1')).toBe(429);
    expect(await from('2001:db8::1')).toBe(200);
    expect(await from('2001:db8::2')).toBe(429);
    expect(await from('{x}:\u00ff ;"')).toBe(200);
  });

  test('charges what the application finds, a cost and a plan of its own', async ({ limiter }) => {
    const plans: Record<string, readonly LimitOptions[]> = {
      free: [{ limit: 2, per: '1h' }],
      paid: [
        { limit: 3, per: '1h' },
        { limit: 9, per: '1d' },
      ],
    };
    const one = limiter();
    const plan = ({ headers }: Seen) => plans[String(headers['x-plan'])] ?? ONE;
    await using app = await serve([
      {
        limiter: one,
        key: async (request) => String(request.headers['x-user'] ?? addressOf(request)),
        cost: ({ headers }) => Number(headers['x-cost'] ?? 1),
        limits: plan,
      },
    ]);
    const as = (user: string, name: string, cost = 1) =>
      app.get('/', { 'x-user': user, 'x-plan': name, 'x-cost': `${cost}` });
    const paid = await as('a', 'paid', 2);
    expect(paid.headers.get('ratelimit-policy')).toBe(
      `"${one.name}-0";q=3;w=3600, "${one.name}-1";q=9;w=86400`,
    );
    expect(paid.headers.get('ratelimit')).toMatch(new RegExp(`^"${one.name}-0";r=1;t=`));
    expect((await as('a', 'paid', 2)).status).toBe(429);
    expect((await as('b', 'free', 2)).status).toBe(200);
    expect((await as('b', 'free')).status).toBe(429);
    // Never admitted, so it is a mistake and no denial.
    expect(await (await as('c', 'free', 3)).json()).toEqual({ code: 'RATE_LIMIT_OUT_OF_RANGE' });
    const long = randomBytes(2_000).toString('hex');
    expect((await as(long, 'free', 2)).status).toBe(200);
    expect((await as(long, 'free')).status).toBe(429);
    expect((await as(`${long}0`, 'free')).status).toBe(200);
  });

  test('says what the application says, or has its error handler say it', async ({ limiter }) => {
    const said: unknown[] = [];
    await using own = await serve([
      {
        limiter: limiter(),
        denied: (error, { ip }) => {
          said.push(error, ip);
          return {
            message: `slow down, ${error.limiter.slice(0, 4)}`,
            seconds: Math.ceil(error.retryAfterMs / 1000),
          };
        },
      },
    ]);
    await own.get();
    const denied = await own.get();
    expect([denied.status, await denied.json()]).toEqual([
      429,
      { message: 'slow down, test', seconds: expect.any(Number) },
    ]);
    expect(said).toEqual([expect.any(RateLimitedError), '127.0.0.1']);

    await using handled = await serve([{ limiter: limiter(), denied: (error) => error }]);
    await handled.get();
    const thrown = await handled.get();
    expect([thrown.status, await thrown.json()]).toEqual([429, { code: 'RATE_LIMIT_EXCEEDED' }]);
    expect(thrown.headers.get('retry-after')).not.toBeNull();
  });

  test('stands before another of its kind, and both tell what they know', async ({ limiter }) => {
    const [wide, narrow] = [limiter({ limits: [{ limit: 9, per: '1m' }] }), limiter()];
    await using app = await serve([{ limiter: wide }, { limiter: narrow }]);
    const { headers } = await app.get();
    expect(headers.get('ratelimit-policy')).toBe(`"${wide.name}";q=9, "${narrow.name}";q=1`);
    expect(headers.get('ratelimit')).toMatch(/;r=8;t=\d+, .*;r=0;t=60$/);
  });

  test('without the cluster does what the limiter was told, and calls it no denial', async () => {
    await using client = new ClusterClient({ nodes: [{ host: '127.0.0.1', port: 1 }], deadline: 100 });
    const broken = (onUnavailable: OnUnavailable) =>
      new RateLimiter({ client, name: 'away', limits: ONE, onUnavailable });
    await using open = await serve([{ limiter: broken('open') }]);
    const through = await open.get();
    expect([through.status, through.headers.get('ratelimit')]).toEqual([200, null]);

    await using closed = await serve([{ limiter: broken('closed') }]);
    const away = await closed.get();
    expect([away.status, away.headers.get('retry-after'), away.headers.get('ratelimit')]).toEqual([
      503,
      '1',
      null,
    ]);
    expect(await away.json()).toMatchObject({ status: 503, title: 'Service Unavailable' });

    await using thrown = await serve([{ limiter: broken('throw') }]);
    const failed = await thrown.get();
    expect([failed.status, await failed.json()]).toEqual([500, { code: expect.stringMatching(/^CLUSTER_/) }]);
  });

  test.for(['', undefined, 7, null])('refuses to charge %o', async (key, { limiter }) => {
    await using app = await serve([{ limiter: limiter(), key: () => key as string }]);
    const answer = await app.get();
    expect([answer.status, await answer.json()]).toEqual([500, { code: 'RATE_LIMIT_NO_SUBJECT' }]);
  });
});
