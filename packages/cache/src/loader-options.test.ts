import { describe, expect, it } from 'vitest';
import { loadersAllowedBy } from './loader-options.ts';

describe('the options', () => {
  it('have defaults', () => {
    expect(loadersAllowedBy()).toEqual({ concurrency: 100, queue: 10_000 });
    expect(loadersAllowedBy({ concurrency: 1, queue: 0 })).toEqual({ concurrency: 1, queue: 0 });
  });

  it.each([
    [{ concurrency: 0 }, /^loaders\.concurrency: got 0; allowed: a whole number from 1 up/],
    [{ concurrency: 1.5 }, /^loaders\.concurrency: got 1\.5/],
    [{ concurrency: Number.POSITIVE_INFINITY }, /^loaders\.concurrency: got Infinity/],
    [{ concurrency: '5' as unknown as number }, /^loaders\.concurrency: got '5'/],
    [{ queue: -1 }, /^loaders\.queue: got -1; allowed: a whole number from 0 up/],
    [{ queue: Number.NaN }, /^loaders\.queue: got NaN/],
  ])('%j are refused', (options, message) => {
    expect(() => loadersAllowedBy(options)).toThrow(message);
  });
});
