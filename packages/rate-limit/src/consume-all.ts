import { InvalidOptionError } from '@keyslot/kernel';
import type { RateLimiter } from './rate-limiter.ts';
import type { ConsumeOptions } from './rate-limiter-options.ts';
import type { RateLimitResult } from './result.ts';
import { tellProblem } from './telling.ts';

/** A subject of a limiter, and what is asked for: 1 unless it is said. */
export type ConsumeAllRequest = readonly [limiter: RateLimiter, subject: string, cost?: number];

/** What was decided about all of them. */
export type ConsumeAllResult =
  | { readonly allowed: true; readonly results: readonly RateLimitResult[] }
  | {
      readonly allowed: false;

      /** Of those that were asked, in order. The last one denied; the others were admitted and given back. */
      readonly results: readonly RateLimitResult[];

      /** The place of the request that was denied. */
      readonly deniedAt: number;

      /** The denial. */
      readonly denial: RateLimitResult;
    };

/**
 * Charges several subjects, like a user and an address, one after the other. When one denies, those before it are given
 * back what they were charged, and those after it are never asked.
 *
 * They lie in different slots, so it is not one step: for a round trip somebody else may find the first charged. Put
 * first what denies most often. What cannot be given back, because its shard went away in between, stays charged.
 *
 * A limit does not know whose its places are. So where a bucket ran empty, or a window ended, between the charge and the denial, and
 * others were charged since, what is given back is credited to them: up to as much as was charged, and with a bucket up
 * to as much as drains in between. Never more than is used.
 *
 * @throws {InvalidOptionError} for what is no request, before anybody is charged
 * @throws what the limiter that cannot be asked rejects with; what was charged before it is given back then, too
 *
 * @example
 * ```ts run
 * import { consumeAll, MemoryRateLimitClient, RateLimiter } from '@keyslot/rate-limit';
 *
 * const client = new MemoryRateLimitClient();
 * const users = new RateLimiter({ client, name: 'users', limits: [{ limit: 10, per: '1m' }] });
 * const addresses = new RateLimiter({ client, name: 'addresses', limits: [{ limit: 1, per: '1m' }] });
 * await addresses.consume('192.0.2.1');
 *
 * const { allowed } = await consumeAll([
 *   [users, 'user:42'],
 *   [addresses, '192.0.2.1'],
 * ]);
 * allowed; // => false
 * (await users.peek('user:42')).remaining; // => 10
 * ```
 */
export async function consumeAll(
  requests: readonly ConsumeAllRequest[],
  options?: Pick<ConsumeOptions, 'signal' | 'deadline'>,
): Promise<ConsumeAllResult> {
  mustBeRequests(requests);
  const results: RateLimitResult[] = [];
  for (const [limiter, subject, cost] of requests) {
    let result: RateLimitResult;
    try {
      result = await limiter.consume(subject, cost, options);
    } catch (error) {
      await giveBack(requests, results);
      throw error;
    }
    results.push(result);
    if (!result.allowed) {
      const deniedAt = results.length - 1;
      await giveBack(requests, results.slice(0, deniedAt));
      return { allowed: false, results, deniedAt, denial: result };
    }
  }
  return { allowed: true, results };
}

function mustBeRequests(requests: unknown): void {
  if (!Array.isArray(requests)) throw new InvalidOptionError('requests', requests, 'an array of requests');
  for (const [i, request] of requests.entries())
    if (
      !Array.isArray(request) ||
      typeof (request[0] as Partial<RateLimiter> | undefined)?.consume !== 'function'
    )
      throw new InvalidOptionError(
        `requests[${i}]`,
        request,
        '[limiter, subject], or [limiter, subject, cost]',
      );
}

async function giveBack(
  requests: readonly ConsumeAllRequest[],
  results: readonly RateLimitResult[],
): Promise<void> {
  await Promise.all(
    requests.slice(0, results.length).map(async ([limiter, subject, cost], i) => {
      try {
        await limiter.refund(subject, results[i] as RateLimitResult, cost);
      } catch (error) {
        tellProblem(limiter.name, 'not-refunded', error);
      }
    }),
  );
}
