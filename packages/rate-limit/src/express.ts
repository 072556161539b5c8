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

/** What is used of a response: Node's own has it. */
export interface NodeResponse {
  statusCode: number;
  readonly headersSent: boolean;
  getHeader(name: string): number | string | string[] | undefined;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** A middleware of Express, and of whatever takes the same three arguments. */
export type RateLimitMiddleware<Request> = (
  request: Request,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/**
 * Limits requests of an Express application, version 4 or 5, or of anything with such middlewares (connect, polka, Nest).
 * Every answer has `RateLimit-Policy` and `RateLimit`; a denied one `Retry-After` too, and is no error unless `denied` makes
 * it one. When the cluster cannot be asked, the limiter's `onUnavailable` decides; an error goes to `next`.
 *
 * @example
 * ```ts run cluster
 * import { createServer } from 'node:http';
 * import { ClusterClient } from '@keyslot/cluster';
 * import { RateLimiter } from '@keyslot/rate-limit';
 * import { rateLimit } from '@keyslot/rate-limit/express';
 *
 * const client = new ClusterClient({ nodes: cluster.addresses });
 * const limits = [{ limit: 1, per: '1m' }] as const;
 * const limiter = new RateLimiter({ client, name: 'api', limits });
 *
 * // With Express: app.use(rateLimit({ limiter, limits }))
 * const limited = rateLimit({ limiter, limits });
 * const server = createServer((request, response) => void limited(request, response, () => response.end('hello')));
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 * const { port } = server.address() as { port: number };
 *
 * const first = await fetch(`http://127.0.0.1:${port}`);
 * first.headers.get('ratelimit-policy'); // => '"api";q=1;w=60'
 * first.headers.get('ratelimit'); // => '"api";r=0;t=60'
 *
 * const second = await fetch(`http://127.0.0.1:${port}`);
 * second.status; // => 429
 * second.headers.get('retry-after'); // => '60'
 *
 * server.closeAllConnections();
 * server.close();
 * await limiter.close();
 * await client.close();
 * ```
 */
export function rateLimit<Request extends AddressedRequest = AddressedRequest>(
  options: HttpRateLimitOptions<Request>,
): RateLimitMiddleware<Request> {
  const gate = gateOf(options);
  return async (request, response, next) => {
    try {
      const passage = await gate(request);
      // Somebody else, like a timeout, has answered meanwhile: there is nothing left to do for anybody.
      if (response.headersSent) return;
      for (const { name, value, adds } of passage.fields) {
        const before = adds ? response.getHeader(name) : undefined;
        response.setHeader(name, before === undefined ? value : `${String(before)}, ${value}`);
      }
      if (passage.outcome === 'fails') {
        next(passage.error);
        return;
      }
      if (passage.outcome === 'answered') {
        response.statusCode = passage.status;
        response.setHeader('Content-Type', passage.type);
        response.end(passage.body);
        return;
      }
    } catch (error) {
      next(error);
      return;
    }
    next();
  };
}
