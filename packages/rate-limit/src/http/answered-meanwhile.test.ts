import { expect, it } from 'vitest';
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
  const touched: string[] = [];
  const response = {
    statusCode: 503,
    headersSent: true,
    getHeader: () => undefined,
    setHeader: (name: string) => touched.push(name),
    end: () => touched.push('end'),
  };
  const middleware = rateLimit(options());
  for (let i = 0; i < 2; i++) await middleware(request, response, () => touched.push('next'));
  expect(touched).toEqual([]);
  expect(response.statusCode).toBe(503);
});

it('leaves an answer of Fastify’s alone that was sent meanwhile, and tells it so', async () => {
  const touched: string[] = [];
  const reply = {
    sent: true,
    getHeader: () => undefined,
    header: (name: string) => touched.push(name),
    code: () => touched.push('code'),
    send: () => touched.push('send'),
  };
  const hook = rateLimitHook(options());
  for (let i = 0; i < 2; i++) expect(await hook(request, reply)).toBe(reply);
  expect(touched).toEqual([]);
});
