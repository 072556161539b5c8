import { toMs } from '@keyslot/kernel';
import type { LimitOptions } from '../limit-options.ts';
import type { RateLimitResult } from '../result.ts';
import { seconds } from './errors.ts';

/** A header of the answer. `adds` to what is there of it, or takes its place. */
export interface Field {
  readonly name: string;
  readonly value: string;
  readonly adds: boolean;
}

/** The largest number of a structured field (RFC 9651). */
const LARGEST = 999_999_999_999_999;

/** The fields of an answer: for these limits, if they are known, and what was decided. */
export type Fields = (limits: readonly LimitOptions[] | undefined, result: RateLimitResult) => Field[];

/**
 * `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers has them, and `Retry-After` for what was denied.
 * A policy is called by the limiter, and by the limit's place when there are several. Where nobody decided, nothing is said
 * about what is left.
 */
export function fieldsOf(name: string): Fields {
  const known = new WeakMap<readonly LimitOptions[], string>();
  const policiesOf = (limits: readonly LimitOptions[]) => {
    const before = known.get(limits);
    if (before !== undefined) return before;
    const all = limits
      .map((each, i) => policy(nameOf(name, limits, i), each, toMs(each.per, 'per')))
      .join(', ');
    known.set(limits, all);
    return all;
  };
  return (limits, result) => {
    const policies = limits === undefined ? policy(name, result) : policiesOf(limits);
    const fields = [field('RateLimit-Policy', policies)];
    const isDecided = result.decidedBy !== 'open' && result.decidedBy !== 'closed';
    if (isDecided) {
      const t = result.allowed ? Math.ceil(result.resetMs / 1000) : seconds(result);
      const r = Math.max(0, Math.min(result.remaining, LARGEST));
      fields.push(field('RateLimit', `"${nearest(name, limits, result)}";r=${r};t=${t}`));
    }
    if (!result.allowed) fields.push({ name: 'Retry-After', value: `${seconds(result)}`, adds: false });
    return fields;
  };
}

function field(name: string, value: string): Field {
  return { name, value, adds: true };
}

function policy(name: string, { limit }: Pick<LimitOptions, 'limit'>, windowMs = 0): string {
  const quota = `"${name}";q=${Math.min(limit, LARGEST)}`;
  // The field counts in whole seconds. A window that is none is better left out than rounded.
  return windowMs > 0 && windowMs % 1000 === 0 ? `${quota};w=${windowMs / 1000}` : quota;
}

function nearest(name: string, limits: readonly LimitOptions[] | undefined, result: RateLimitResult): string {
  if (limits === undefined) return name;
  const { limitedBy, limit } = result;
  const place = typeof limitedBy === 'number' ? limitedBy : limits.findIndex((each) => each.limit === limit);
  return nameOf(name, limits, Math.max(place, 0));
}

function nameOf(name: string, limits: readonly LimitOptions[], place: number): string {
  return limits.length === 1 ? name : `${name}-${place}`;
}
