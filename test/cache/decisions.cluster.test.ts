import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { newKey, type OpenOptions, test } from './fixtures.ts';
import { problemsDuring } from './watching.ts';

/** Every read asks the cluster, and times are exact. */
const PLAIN = { local: false, jitter: 0, earlyRefresh: 0 } as const satisfies OpenOptions;

describe('what a caller decides about a key', () => {
  test('null has a life of its own', async ({ open }) => {
    const cache = await open({ ...PLAIN, ttl: '1m', grace: '1m', negativeTtl: '60ms' });
    const key = newKey();
    await cache.getOrSet(key, () => null);
    expect(await cache.getOrSet(key, () => 'there')).toBeNull();
    await sleep(80);
    expect(await cache.getOrSet(key, () => 'there')).toBe('there');
    await sleep(80);
    expect(await cache.get(key)).toBe('there');
  });

  test('expire has the next reader get the stale value, and loads under way be too late', async ({
    open,
  }) => {
    const [cache, other] = [await open({ jitter: 0 }), await open({ jitter: 0 })];
    const key = newKey();
    await cache.getOrSet(key, () => 'old');
    expect(await other.getOrSet(key, () => 'not asked')).toBe('old');
    expect(await cache.expire(key)).toEqual({ outcome: 'expired' });
    await expect.poll(() => other.peek(key)).toBeUndefined();
    expect(await other.lookup(key, () => 'new')).toMatchObject({ value: 'old', source: 'stale' });
    await expect.poll(() => cache.get(key)).toBe('new');
    expect(await cache.expire(newKey())).toEqual({ outcome: 'absent' });
  });

  test('touch gives it a whole ttl again, as reading does where it slides', async ({ open }) => {
    const cache = await open({ ...PLAIN, ttl: '400ms' });
    const [touched, slid, left] = [newKey(), newKey(), newKey()];
    for (const key of [touched, slid, left]) await cache.set(key, 'old');
    await sleep(250);
    expect(await cache.touch(touched)).toEqual({ outcome: 'touched' });
    await cache.getOrSet(slid, () => 'new', { sliding: true });
    await sleep(250);
    expect(await Promise.all([touched, slid, left].map((key) => cache.get(key)))).toEqual([
      'old',
      'old',
      undefined,
    ]);
    expect(await cache.touch(newKey())).toEqual({ outcome: 'absent' });
  });

  test('forceRefresh loads whatever is there, and stores it', async ({ open }) => {
    const cache = await open({});
    const key = newKey();
    await cache.getOrSet(key, () => 'old');
    expect(cache.peek(key)).toBe('old');
    expect(await cache.lookup(key, () => 'new', { forceRefresh: true })).toMatchObject({
      value: 'new',
      source: 'loader',
      kept: 'filled',
    });
    expect(await cache.getOrSet(key, () => 'not asked')).toBe('new');
  });

  test('a value of another version, or that does not fit, is loaded anew', async ({ open }) => {
    const cache = await open(PLAIN);
    const key = newKey();
    await cache.set(key, 'first');
    expect(await cache.getOrSet(key, () => 'second', { version: 2 })).toBe('second');
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) => (value === 'third' ? { value } : { issues: [{ message: 'no' }] }),
      },
    };
    expect(await cache.getOrSet(key, () => 'third', { version: 2, schema })).toBe('third');
    expect(await cache.getOrSet(key, () => 'fourth', { version: 2, schema })).toBe('third');
  });

  test('a value that is too large is answered, kept nowhere, and told', async ({ open }) => {
    const cache = await open({ ...PLAIN, maxEntryBytes: 100 });
    const key = newKey();
    const large = 'x'.repeat(1_000);
    const problems = await problemsDuring(async () => {
      expect(await cache.lookup(key, () => large)).toMatchObject({ value: large, kept: 'skipped' });
      expect(await cache.set(key, large)).toEqual({
        outcome: 'skipped',
        why: 'over-the-limit',
        old: 'deleted',
      });
    });
    expect(problems.map(({ what }) => what)).toEqual(['too-large', 'too-large']);
    expect(await cache.get(key)).toBeUndefined();
  });
});

describe('a load that is forced', () => {
  test('is not answered by one that began before, nor undone by it', async ({ open }) => {
    const [cache, other] = [await open(PLAIN), await open({ ttl: '10m', jitter: 0 })];
    const key = newKey();
    const [began, end] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    const before = cache.getOrSet(key, () => {
      began.resolve();
      return end.promise;
    });
    await began.promise;
    const forced = other.lookup(key, () => 'new', { forceRefresh: true });
    expect(await forced).toMatchObject({ value: 'new', source: 'loader', kept: 'filled' });
    end.resolve('old');
    expect(await before).toBe('old');
    expect(await cache.get(key)).toBe('new');
  });

  test('stands before a refresh that began before, and the last of two stands', async ({ open }) => {
    const options = { ...PLAIN, ttl: '60ms', grace: '1m' } as const;
    const [cache, other] = [await open(options), await open(options)];
    const key = newKey();
    await cache.getOrSet(key, () => 'first');
    await sleep(80);
    const [began, end] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    await cache.getOrSet(key, () => {
      began.resolve();
      return end.promise;
    });
    await began.promise;
    const slow = other.lookup(key, async () => (await sleep(150), 'second'), {
      forceRefresh: true,
      ttl: '1m',
    });
    await sleep(50);
    expect(await cache.lookup(key, () => 'third', { forceRefresh: true, ttl: '1m' })).toMatchObject({
      kept: 'filled',
    });
    end.resolve('old');
    expect(await slow).toMatchObject({ value: 'second', kept: 'superseded' });
    await sleep(50);
    expect(await cache.get(key)).toBe('third');
  });

  test('is told to the memories of others', async ({ open }) => {
    const [cache, other] = [await open({}), await open({ local: { ttl: '1m' } })];
    const key = newKey();
    await cache.getOrSet(key, () => 'old');
    expect(await other.getOrSet(key, () => 'not asked')).toBe('old');
    await cache.getOrSet(key, () => 'new', { forceRefresh: true });
    await expect.poll(() => other.peek(key)).toBeUndefined();
    expect(await other.getOrSet(key, () => 'not asked')).toBe('new');
  });
});

describe('expire', () => {
  test('has a load that began before come too late', async ({ open }) => {
    const [cache, other] = [await open(PLAIN), await open(PLAIN)];
    const key = newKey();
    const [began, end] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    const loading = cache.lookup(key, () => {
      began.resolve();
      return end.promise;
    });
    await began.promise;
    expect(await other.expire(key)).toEqual({ outcome: 'expired' });
    end.resolve('old');
    expect(await loading).toMatchObject({ value: 'old', kept: 'superseded' });
    expect(await other.getOrSet(key, () => 'new')).toBe('new');
  });
});

test('looking at a key leaves alone what others can read', async ({ open }) => {
  const cache = await open(PLAIN);
  const key = newKey();
  await cache.set(key, 'second form', { version: 2 });
  expect([await cache.get(key), await cache.getMany([key])]).toEqual([undefined, [{ outcome: 'miss' }]]);
  expect(await cache.get(key, { version: 2 })).toBe('second form');
});
