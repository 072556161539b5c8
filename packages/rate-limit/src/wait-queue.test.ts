import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RateLimiterClosedError, RateLimitTimeoutError } from './errors.ts';
import { MemoryRateLimitClient } from './memory-client.ts';
import { RateLimiter } from './rate-limiter.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** One place each 100 ms, one at once. */
const LIMITS = [{ limit: 10, per: '1s', burst: 1 }] as const;

function openLimiter(limits: ConstructorParameters<typeof RateLimiter>[0]['limits'] = LIMITS) {
  const client = new MemoryRateLimitClient({ clock: { now: () => performance.now() } });
  const limiter = new RateLimiter({ client, name: 'test', limits });
  return { limiter, consume: vi.spyOn(limiter, 'consume') };
}

/** What becomes of a promise, as it becomes known. */
function watch(promise: Promise<unknown>, name: string, seen: string[]): void {
  promise.then(
    () => seen.push(name),
    (error: { code: string }) => seen.push(`${name}:${error.code}`),
  );
}

describe('whoever waits for a place', () => {
  test('is admitted in the order of coming, one for each place', async () => {
    const { limiter, consume } = openLimiter();
    const seen: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) watch(limiter.waitFor('s'), name, seen);
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual(['a']);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(105);
    expect(seen).toEqual(['a', 'b']);
    await vi.advanceTimersByTimeAsync(210);
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
    expect(vi.getTimerCount()).toBe(0);
    // One that is admitted, and one that is denied, for each place.
    expect(consume.mock.calls.length).toBeLessThanOrEqual(8);
  });

  test('is told at once when there is no place in time, and nothing is charged', async () => {
    const { limiter } = openLimiter();
    await limiter.consume('s');
    const error = await limiter.waitFor('s', 1, { within: 50 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RateLimitTimeoutError);
    expect(error).toMatchObject({ code: 'RATE_LIMIT_TIMEOUT', withinMs: 50, retryAfterMs: 100 });
    expect(performance.now()).toBeLessThan(50);

    const seen: string[] = [];
    watch(limiter.waitFor('s'), 'first', seen);
    await vi.advanceTimersByTimeAsync(10);
    watch(limiter.waitFor('s', 1, { within: 20 }), 'behind', seen);
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual(['behind:RATE_LIMIT_TIMEOUT']);
    await vi.advanceTimersByTimeAsync(100);
    expect(seen).toEqual(['behind:RATE_LIMIT_TIMEOUT', 'first']);
  });

  test('is told when its time ends behind others', async () => {
    const { limiter } = openLimiter();
    const seen: string[] = [];
    for (const name of ['a', 'b', 'c']) watch(limiter.waitFor('s', 1, { within: 150 }), name, seen);
    await vi.advanceTimersByTimeAsync(120);
    expect(seen).toEqual(['a', 'b', 'c:RATE_LIMIT_TIMEOUT']);
  });

  test('may ask once without waiting', async () => {
    const { limiter } = openLimiter();
    expect((await limiter.waitFor('s', 1, { within: 0 })).allowed).toBe(true);
    await expect(limiter.waitFor('s', 1, { within: 0 })).rejects.toThrow(RateLimitTimeoutError);
  });

  test('lets the next one have its turn when it gives up, and is not charged', async () => {
    const { limiter } = openLimiter();
    await limiter.consume('s');
    const seen: string[] = [];
    const leaving = new AbortController();
    watch(limiter.waitFor('s', 1, { signal: leaving.signal }), 'a', seen);
    watch(limiter.waitFor('s'), 'b', seen);
    await vi.advanceTimersByTimeAsync(50);
    leaving.abort();
    await vi.advanceTimersByTimeAsync(60);
    expect(seen).toEqual(['a:CLUSTER_ABORTED', 'b']);
    await expect(limiter.waitFor('s', 1, { signal: leaving.signal })).rejects.toThrow('waitFor: aborted');
  });

  test('gives back what was charged for it after it gave up', async () => {
    const { limiter } = openLimiter([{ limit: 5, per: '1h' }]);
    const leaving = new AbortController();
    const waiting = limiter.waitFor('s', 3, { signal: leaving.signal });
    leaving.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CLUSTER_ABORTED' });
    await vi.advanceTimersByTimeAsync(10);
    expect((await limiter.peek('s')).remaining).toBe(5);
  });

  test('does not hold up those who wait for other subjects', async () => {
    const { limiter } = openLimiter();
    const seen: string[] = [];
    await limiter.consume('s');
    watch(limiter.waitFor('s'), 's', seen);
    watch(limiter.waitFor('t'), 't', seen);
    await vi.advanceTimersByTimeAsync(0);
    expect(seen).toEqual(['t']);
    await limiter.close();
  });

  test('is freed when the limiter is closed', async () => {
    const { limiter } = openLimiter();
    await limiter.consume('s');
    const waiting = Promise.allSettled(Array.from({ length: 3 }, () => limiter.waitFor('s')));
    await vi.advanceTimersByTimeAsync(10);
    await limiter.close();
    for (const each of await waiting)
      expect(each).toMatchObject({
        status: 'rejected',
        reason: expect.any(RateLimiterClosedError) as unknown,
      });
    expect(vi.getTimerCount()).toBe(0);
    await expect(limiter.waitFor('s')).rejects.toThrow(RateLimiterClosedError);
  });

  test('refuses what never can be', async () => {
    const { limiter } = openLimiter();
    await expect(limiter.waitFor('s', 2)).rejects.toThrow(RangeError);
    await expect(limiter.waitFor('s', 1, { within: '2d' })).rejects.toThrow('within');
  });
});
