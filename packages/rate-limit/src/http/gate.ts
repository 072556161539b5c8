import { createHash } from 'node:crypto';
import type { LimitOptions } from '../limit-options.ts';
import { type AddressedRequest, addressOf } from './address.ts';
import { NoSubjectError, RateLimitedError, RateLimitUndecidedError } from './errors.ts';
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

/** Decides about requests, without knowing a framework. Rejects when nobody can be charged, or the limiter throws. */
export function gateOf<Request extends AddressedRequest>({
  limiter,
  key = addressOf,
  cost = 1,
  limits,
  denied,
}: HttpRateLimitOptions<Request>): (request: Request) => Promise<Passage> {
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
  if (typeof key !== 'string') throw new NoSubjectError(`a value of type ${typeof key}`);
  if (key === '') throw new NoSubjectError('an empty text');
  if (key.length <= LONGEST_SUBJECT) return key;
  return `sha256:${createHash('sha256').update(key).digest('base64url')}`;
}
