import { RateLimitTimeoutError } from '@keyslot/rate-limit';
import { describe, expect } from 'vitest';
import { newName, test } from './fixtures.ts';

describe('those who wait for a place', () => {
  test('are admitted at the rate of the limit, in order in each process', async ({ open }) => {
    const options = { name: newName(), limits: [{ limit: 100, per: '1s', burst: 1 }] } as const;
    const limiters = await Promise.all([open(options), open(options)]);
    const startedAt = performance.now();
    const admitted: number[][] = limiters.map(() => []);
    const results = await Promise.all(
      limiters.flatMap((limiter, process) =>
        Array.from({ length: 20 }, async (_, i) => {
          const result = await limiter.waitFor('{a}:b', 1, { within: '20s' });
          admitted[process]?.push(i);
          return result;
        }),
      ),
    );
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(39 * 10 - 1);
    expect(results.every(({ allowed, decidedBy }) => allowed && decidedBy === 'cluster')).toBe(true);
    const inOrder = Array.from({ length: 20 }, (_, i) => i);
    expect(admitted).toEqual([inOrder, inOrder]);
  });

  test('are told by the rule that nobody can be asked, not that there is no place', async ({
    cluster,
    open,
  }) => {
    const name = newName();
    const limits = [{ limit: 10, per: '1s' }] as const;
    const throwing = await open({ name, limits, deadline: 300 });
    const closed = await open({ name, limits, deadline: 300, onUnavailable: 'closed' });
    const primary = cluster.primaryOf('limits:x:{s}');
    await throwing.consume('s');
    await closed.consume('s');
    await cluster.freeze(primary);
    try {
      const [first, second] = await Promise.allSettled([
        throwing.waitFor('s', 1, { within: '20s' }),
        closed.waitFor('s', 1, { within: 500 }),
      ]);
      expect(first).toMatchObject({
        status: 'rejected',
        reason: { code: expect.stringMatching(/^CLUSTER_/) as unknown },
      });
      expect(second).toMatchObject({ status: 'rejected', reason: { denial: { decidedBy: 'closed' } } });
      expect((second as PromiseRejectedResult).reason).toBeInstanceOf(RateLimitTimeoutError);
    } finally {
      await cluster.thaw(primary);
    }
  });
});
