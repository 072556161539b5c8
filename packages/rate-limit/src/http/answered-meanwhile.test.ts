import { expect, it, vi } from 'vitest';
import { rateLimit } from '../express.ts';
import { rateLimitHook } from '../fastify.ts';
import { MemoryRateLimitClient } from '../memory-client.ts';
import { RateLimiter } from '../rate-limiter.ts';

/* A timeout, or whoever else, answers while the limiter decides. */

const request = { ip: '203.0.113.7' };

function options() {
  const client = new MemoryRateLimitClient();
  return { limiter: new RateLimiter({ client, name: 'api', limits: [{ limit: 1, per: '1m' }] }) };
}

it('leaves an answer of Express’s alone that was sent meanwhile', async () => {
  const response = {
    statusCode: 503,
    headersSent: true,
    getHeader: vi.fn(),
    setHeader: vi.fn(),
    end: vi.fn(),
  };
  const next = vi.fn();
  const middleware = rateLimit(options());
  await middleware(request, response, next);
  await middleware(request, response, next);
  expect(response).toMatchObject({ statusCode: 503 });
  for (const touched of [response.setHeader, response.end, next]) expect(touched).not.toHaveBeenCalled();
});

it('leaves an answer of Fastify’s alone that was sent meanwhile, and tells it so', async () => {
  const reply = { sent: true, getHeader: vi.fn(), header: vi.fn(), code: vi.fn(), send: vi.fn() };
  const hook = rateLimitHook(options());
  expect(await hook(request, reply)).toBe(reply);
  expect(await hook(request, reply)).toBe(reply);
  for (const touched of [reply.header, reply.code, reply.send]) expect(touched).not.toHaveBeenCalled();
});
