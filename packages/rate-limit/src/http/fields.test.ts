import { describe, expect, it } from 'vitest';
import type { LimitOptions } from '../limit-options.ts';
import type { RateLimitResult } from '../result.ts';
import { fieldsOf } from './fields.ts';

const ADMITTED: RateLimitResult = {
  allowed: true,
  limit: 100,
  remaining: 41,
  retryAfterMs: 0,
  resetMs: 1_001,
  limitedBy: undefined,
  decidedBy: 'cluster',
};
const DENIED: RateLimitResult = {
  ...ADMITTED,
  allowed: false,
  remaining: 0,
  retryAfterMs: 250,
  limitedBy: 0,
};

const TWO: readonly LimitOptions[] = [
  { limit: 100, per: '1m' },
  { limit: 10_000, per: '1d' },
];

function headers(
  limits: readonly LimitOptions[] | undefined,
  result: RateLimitResult,
): Record<string, string> {
  return Object.fromEntries(fieldsOf('api')(limits, result).map(({ name, value }) => [name, value]));
}

describe('the fields of an answer', () => {
  it('tell the policy and what is left of it, in whole seconds rounded up', () => {
    expect(headers([{ limit: 100, per: '1m' }], ADMITTED)).toEqual({
      'RateLimit-Policy': '"api";q=100;w=60',
      RateLimit: '"api";r=41;t=2',
    });
  });

  it('tell a denied one to wait for a second at least', () => {
    expect(headers([{ limit: 100, per: '1m' }], DENIED)).toMatchObject({
      RateLimit: '"api";r=0;t=1',
      'Retry-After': '1',
    });
    expect(headers(undefined, { ...DENIED, limitedBy: 'block', retryAfterMs: 60_001 })).toMatchObject({
      RateLimit: '"api";r=0;t=61',
      'Retry-After': '61',
    });
  });

  it('tell several limits apart, and which is meant', () => {
    expect(headers(TWO, { ...ADMITTED, limit: 10_000 })).toEqual({
      'RateLimit-Policy': '"api-0";q=100;w=60, "api-1";q=10000;w=86400',
      RateLimit: '"api-1";r=41;t=2',
    });
    expect(headers(TWO, { ...DENIED, limitedBy: 1 }).RateLimit).toBe('"api-1";r=0;t=1');
  });

  it('are called by their limiter, though others have the same limits', () => {
    expect(['a', 'b'].map((name) => fieldsOf(name)(TWO, ADMITTED)[1]?.value)).toEqual([
      '"a-0";r=41;t=2',
      '"b-0";r=41;t=2',
    ]);
    expect(['a', 'b'].map((name) => fieldsOf(name)(TWO, ADMITTED)[0]?.value[1])).toEqual(['a', 'b']);
  });

  it('leave out a window that is no whole number of seconds, or not known', () => {
    expect(headers([{ limit: 5, per: 1_500 }], ADMITTED)['RateLimit-Policy']).toBe('"api";q=5');
    expect(headers(undefined, ADMITTED)['RateLimit-Policy']).toBe('"api";q=100');
  });

  it('say nothing of what is left where nobody decided', () => {
    expect(headers(undefined, { ...ADMITTED, decidedBy: 'open' })).not.toHaveProperty('RateLimit');
    expect(headers(undefined, { ...DENIED, limitedBy: undefined, decidedBy: 'closed' })).toEqual({
      'RateLimit-Policy': '"api";q=100',
      'Retry-After': '1',
    });
  });

  it('keep to the numbers that a structured field can hold', () => {
    const huge = { ...ADMITTED, limit: Number.MAX_SAFE_INTEGER, remaining: Number.MAX_SAFE_INTEGER };
    expect(headers(undefined, huge)).toEqual({
      'RateLimit-Policy': '"api";q=999999999999999',
      RateLimit: '"api";r=999999999999999;t=2',
    });
  });
});
