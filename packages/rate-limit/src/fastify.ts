import type { AddressedRequest } from './http/address.ts';
import { gateOf } from './http/gate.ts';
import type { HttpRateLimitOptions } from './http/options.ts';

export { NoSubjectError } from './errors.ts';
export { type AddressedRequest, addressOf } from './http/address.ts';
export {
  type HttpRateLimitError,
  RateLimitedError,
  RateLimitUndecidedError,
} from './http/errors.ts';
export type { HttpRateLimitOptions } from './http/options.ts';

/** What is used of a Fastify reply. */
export interface FastifyReplyLike {
  readonly sent: boolean;
  getHeader(name: string): number | string | string[] | undefined;
  header(name: string, value: string): unknown;
  code(status: number): unknown;
  send(body: string): unknown;
}

/** A hook of Fastify: `onRequest`, or a later one when `key` needs what an earlier one found out. */
export type RateLimitHook<Request> = (request: Request, reply: FastifyReplyLike) => Promise<unknown>;

/**
 * Limits requests of a Fastify application, as a hook of the application or of a route. Every answer has `RateLimit-Policy`
 * and `RateLimit`; a denied one `Retry-After` too, and is no error unless `denied` makes it one. When the cluster cannot be
 * asked, the limiter's `onUnavailable` decides; an error goes to the error handler.
 *
 * @example
 * ```ts
 * fastify.addHook('onRequest', rateLimitHook({ limiter, limits }));
 *
 * const perUser = rateLimitHook<FastifyRequest>({ limiter: logins, key: (request) => request.user.id });
 * fastify.post('/orders', { preHandler: perUser }, order);
 * ```
 */
export function rateLimitHook<Request extends AddressedRequest = AddressedRequest>(
  options: HttpRateLimitOptions<Request>,
  // Otherwise the route that the hook is put into would be asked what its requests are, and Fastify's types say `never`.
): RateLimitHook<NoInfer<Request>> {
  const gate = gateOf(options);
  return async (request, reply) => {
    const passage = await gate(request);
    // Somebody else, like a timeout, has answered meanwhile: there is nothing left to do for anybody.
    if (reply.sent) return reply;
    for (const { name, value, adds } of passage.fields) {
      const before = adds ? reply.getHeader(name) : undefined;
      reply.header(name, before === undefined ? value : `${String(before)}, ${value}`);
    }
    if (passage.outcome === 'goes-on') return undefined;
    if (passage.outcome === 'fails') throw passage.error;
    reply.code(passage.status);
    reply.header('Content-Type', passage.type);
    reply.send(passage.body);
    // To Fastify, a hook that returns its reply has answered.
    return reply;
  };
}
