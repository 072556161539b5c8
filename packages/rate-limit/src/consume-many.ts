import { InvalidOptionError } from '@keyslot/kernel';
import type { RateLimitResult } from './result.ts';

/** What became of one subject of many. */
export type ConsumeOutcome =
  | { readonly outcome: 'decided'; readonly result: RateLimitResult }
  | { readonly outcome: 'failed'; readonly error: Error };

/** One of many: a subject, or a subject with what is asked for. */
export type ConsumeRequest = string | readonly [subject: string, cost: number];

/**
 * Asks for all at once, so that what goes to one shard is one write.
 *
 * @throws {InvalidOptionError} for what is no request, before anybody is charged
 */
export async function consumeEach(
  requests: readonly ConsumeRequest[],
  consume: (subject: string, cost: number) => Promise<RateLimitResult>,
): Promise<ConsumeOutcome[]> {
  mustBeRequests(requests);
  return Promise.all(
    requests.map(async (request): Promise<ConsumeOutcome> => {
      const [subject, cost] = typeof request === 'string' ? ([request, 1] as const) : request;
      try {
        return { outcome: 'decided', result: await consume(subject, cost) };
      } catch (error) {
        return { outcome: 'failed', error: error as Error };
      }
    }),
  );
}

function mustBeRequests(requests: unknown): void {
  if (!Array.isArray(requests)) throw new InvalidOptionError('requests', requests, 'an array of subjects');
  for (const [i, request] of requests.entries())
    if (typeof request !== 'string' && !Array.isArray(request))
      throw new InvalidOptionError(`requests[${i}]`, request, 'a subject, or [subject, cost]');
}
