import { createHash } from 'node:crypto';
import { InvalidOptionError } from '@keyslot/kernel';
import { mustBeCost, mustBeWhole } from '../limit.ts';
import type { LimitOptions } from '../limit-options.ts';
import { planOf } from '../plan.ts';
import { mustBeSubject } from '../subject-keys.ts';
import { type AddressedRequest, addressOf } from './address.ts';
import { RateLimitedError, RateLimitUndecidedError } from './errors.ts';
import { type Field, fieldsOf } from './fields.ts';
import type { HttpRateLimitOptions } from './options.ts';

/** What becomes of a request; with the headers of its answer, whoever gives it. */
export type Passage =
  | { readonly outcome: 'goes-on'; readonly fields: readonly Field[] }
  | { readonly outcome: 'fails'; readonly fields: readonly Field[]; readonly error: Error }
  | {
      readonly outcome: 'answered';
      readonly fields: readonly Field[];
      readonly status: number;
      readonly type: string;
      readonly body: string;
    };

const LONGEST_SUBJECT = 256;

/**
 * Decides about requests, without knowing a framework. Rejects when nobody can be charged, or the limiter throws.
 *
 * @throws {InvalidOptionError} for options that cannot be used
 * @throws {RateLimitRangeError} for numbers that cannot be, as far as they are known before a request comes
 */
export function gateOf<Request extends AddressedRequest>(
  options: HttpRateLimitOptions<Request>,
): (request: Request) => Promise<Passage> {
  check(options);
  const { limiter, key = addressOf, cost = 1, limits, denied } = options;
  const fieldsFor = fieldsOf(limiter.name);
  return async (request) => {
    const subject = subjectOf(await key(request));
    const charged = typeof cost === 'function' ? await cost(request) : cost;
    const own: readonly LimitOptions[] | undefined =
      typeof limits === 'function' ? await limits(request) : limits;
    const result = await limiter.consume(subject, charged, own && { limits: own });

    const fields = fieldsFor(own, result);
    if (result.allowed) return { outcome: 'goes-on', fields };
    const Denial = result.decidedBy === 'closed' ? RateLimitUndecidedError : RateLimitedError;
    const error = new Denial(limiter.name, result);
    if (denied === undefined) return { ...problemOf(error), fields };
    const said: unknown = await denied(error, request);
    if (said instanceof Error) return { outcome: 'fails', fields, error: said };
    return answer(error, fields, 'application/json; charset=utf-8', said);
  };
}

function check({ limiter, key, cost, limits, denied }: HttpRateLimitOptions<never>): void {
  if (typeof limiter?.consume !== 'function')
    throw new InvalidOptionError('limiter', limiter, 'a RateLimiter of @keyslot/rate-limit');
  for (const [name, value] of Object.entries({ key, denied }))
    if (value !== undefined && typeof value !== 'function')
      throw new InvalidOptionError(name, value, 'a function that is given the request');
  const plan = limits === undefined || typeof limits === 'function' ? undefined : planOf(limits);
  if (cost === undefined || typeof cost === 'function') return;
  mustBeWhole('cost', cost, 'a whole number from 1 up, or a function of the request');
  if (plan !== undefined) mustBeCost(cost, plan.limits);
}

function problemOf(error: RateLimitedError | RateLimitUndecidedError): Passage {
  const { statusCode: status, retryAfterMs, message: detail } = error;
  const title = status === 429 ? 'Too Many Requests' : 'Service Unavailable';
  const problem = { type: 'about:blank', title, status, detail, retryAfterMs };
  return answer(error, [], 'application/problem+json; charset=utf-8', problem);
}

function answer(
  { statusCode: status }: RateLimitedError | RateLimitUndecidedError,
  fields: readonly Field[],
  type: string,
  said: unknown,
): Passage {
  return { outcome: 'answered', fields, status, type, body: JSON.stringify(said) ?? 'null' };
}

/** @throws {NoSubjectError} */
function subjectOf(key: unknown): string {
  mustBeSubject(key);
  if (key.length <= LONGEST_SUBJECT) return key;
  return `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}
