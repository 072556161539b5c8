import type { RateLimiter } from '@keyslot/rate-limit';
import { rateLimit } from '@keyslot/rate-limit/express';
import { rateLimitHook } from '@keyslot/rate-limit/fastify';
import express, { type Request as ExpressRequest } from 'express';
import { type FastifyRequest, fastify as fastifyOf } from 'fastify';

/*
 * What the compiler promises about the places that limiters are put into. Nothing here runs: `tsc -p test/tsconfig.json
 * --noEmit` is the test, and an error that stops happening fails it like one that begins.
 */

declare module 'fastify' {
  interface FastifyRequest {
    readonly tenant: { readonly id: string };
  }
}

declare const limiter: RateLimiter;
const limits = [{ limit: 5, per: '1m' }] as const;

const fastify = fastifyOf();
const answer = async () => 'done';

fastify.addHook('onRequest', rateLimitHook({ limiter }));
fastify.addHook('preHandler', rateLimitHook({ limiter, limits, key: (request) => request.ip ?? 'none' }));
fastify.post('/login', { preHandler: rateLimitHook({ limiter }) }, answer);
fastify.post('/login', { onRequest: [rateLimitHook({ limiter, cost: 2 })] }, answer);
fastify.route({ method: 'POST', url: '/login', preHandler: rateLimitHook({ limiter }), handler: answer });
fastify.get<{ Params: { id: string } }>('/of/:id', { preHandler: rateLimitHook({ limiter }) }, answer);

const hook = rateLimitHook({ limiter });
fastify.post('/login', { preHandler: hook }, answer);

const perTenant = rateLimitHook<FastifyRequest>({ limiter, key: (request) => request.tenant.id });
fastify.addHook('preHandler', perTenant);
fastify.post('/orders', { preHandler: perTenant }, answer);
fastify.post(
  '/orders',
  { preHandler: rateLimitHook<FastifyRequest>({ limiter, key: (request) => request.tenant.id }) },
  answer,
);

// Without its name, a request is only known to have an address.
// @ts-expect-error
fastify.addHook('preHandler', rateLimitHook({ limiter, key: ({ tenant }) => `${tenant}` }));

const app = express();
app.use(rateLimit({ limiter }));
app.use(rateLimit({ limiter, limits, key: (request) => request.ip ?? 'none' }));
app.post('/login', rateLimit({ limiter }), (_, response) => void response.end());
app.post('/orders', rateLimit<ExpressRequest>({ limiter, key: (request) => request.get('x-tenant') ?? '' }));

// @ts-expect-error
rateLimit({});
// @ts-expect-error
rateLimit({ limiter, key: () => 42 });
