import { setTimeout as sleep } from 'node:timers/promises';
import {
  FailedElsewhereError,
  LoaderFailedError,
  LoaderTimeoutError,
  NothingStaleError,
} from '@keyslot/cache';
import { describe, expect } from 'vitest';
import { newKey, type OpenOptions, test } from './fixtures.ts';
import { problemsDuring, wayOf } from './watching.ts';

/** Every read asks the cluster, and times are exact. */
const PLAIN = { local: false, jitter: 0, earlyRefresh: 0 } as const satisfies OpenOptions;
const GRACE = { ...PLAIN, ttl: '100ms', grace: '1m' } as const satisfies OpenOptions;
const untilStale = () => sleep(110);

/** A loader that counts, and answers `1`, `2`, … after a while. */
function counting(ms = 0) {
  const loads = { count: 0, load: async () => (await sleep(ms), `${++loads.count}`) };
  return loads;
}

describe('a value that is no longer fresh', () => {
  test('is answered once more, while one process of all loads it anew', async ({ open }) => {
    const caches = [await open(GRACE), await open(GRACE), await open(GRACE)] as const;
    const [key, loads] = [newKey(), counting(50)];
    await caches[0].getOrSet(key, loads.load);
    await untilStale();
    const answers = await Promise.all(
      caches.flatMap((cache) => Array.from({ length: 20 }, () => cache.lookup(key, loads.load))),
    );
    expect(new Set(answers.map(({ value, source }) => `${value} ${source}`))).toEqual(new Set(['1 stale']));
    expect(Math.min(...answers.map(({ ageMs }) => ageMs))).toBeGreaterThanOrEqual(100);
    await expect.poll(() => caches[1].getOrSet(key, loads.load)).toBe('2');
    expect(loads.count).toBe(2);
  });

  test('passes these stations', async ({ open }) => {
    const cache = await open(GRACE);
    const key = newKey();
    await cache.getOrSet(key, () => 'old');
    await untilStale();
    const read = () => cache.getOrSet(key, () => 'new');
    expect(await wayOf(read)).toEqual(['local:miss', 'cluster:stale', 'refresh:behind']);
    await expect.poll(read).toBe('new');
    expect(await wayOf(read)).toEqual(['local:miss', 'cluster:hit']);
  });

  test('is answered when the loader fails, which is told, and its failure otherwise', async ({ open }) => {
    const cache = await open({ ...GRACE, refresh: 'blocking' });
    const key = newKey();
    const failing = () => Promise.reject(new TypeError('down'));
    await cache.getOrSet(key, () => 'old');
    await untilStale();
    expect(await cache.lookup(key, failing)).toMatchObject({ value: 'old', source: 'stale' });
    await expect(cache.getOrSet(key, failing, { forceRefresh: true })).rejects.toThrow(LoaderFailedError);
    await expect(cache.getOrSet(newKey(), failing)).rejects.toThrow(LoaderFailedError);

    const behind = await open({ ...GRACE });
    await sleep(3_000);
    const problems = await problemsDuring(async () => {
      expect(await behind.getOrSet(key, failing)).toBe('old');
      await sleep(200);
    });
    expect(problems).toContainEqual(
      expect.objectContaining({ what: 'not-refreshed', why: 'LoaderFailedError' }),
    );
  });

  test('is waited for as long as the caller has patience, and the load goes on', async ({ open }) => {
    const cache = await open({ ...GRACE, refresh: 'blocking', softTimeout: '80ms' });
    const key = newKey();
    const loads = counting(1_000);
    await cache.getOrSet(key, () => 'old');
    await untilStale();
    const start = performance.now();
    expect(await cache.lookup(key, loads.load)).toMatchObject({ value: 'old', source: 'stale' });
    expect(performance.now() - start).toBeLessThan(900);
    await expect.poll(() => cache.get(key), { interval: 5, timeout: 5_000 }).toBe('1');
    expect(loads.count).toBe(1);

    await untilStale();
    const fast = counting(5);
    expect(await cache.lookup(key, fast.load)).toMatchObject({
      value: '1',
      source: 'loader',
      kept: 'filled',
    });
  });

  test('that was deleted while it was loaded anew does not come back', async ({ open, cluster }) => {
    const [cache, other] = [await open(GRACE), await open(GRACE)];
    const key = newKey();
    await cache.getOrSet(key, () => 'old');
    await untilStale();
    const began = Promise.withResolvers<void>();
    const end = Promise.withResolvers<string>();
    await cache.getOrSet(key, () => (began.resolve(), end.promise));
    await began.promise;
    expect(await other.delete(key)).toMatchObject({ outcome: 'deleted' });
    end.resolve('loaded before the delete');
    await sleep(100);
    expect(await cluster.primaryOf(key).admin.exists(key.text)).toBe(0);
    expect(await cache.getOrSet(key, () => 'after')).toBe('after');
  });

  test('that was replaced while it was loaded anew stays replaced', async ({ open }) => {
    const [cache, other] = [await open(GRACE), await open(GRACE)];
    const key = newKey();
    await cache.getOrSet(key, () => 'old');
    await untilStale();
    const began = Promise.withResolvers<void>();
    const end = Promise.withResolvers<string>();
    await cache.getOrSet(key, () => (began.resolve(), end.promise));
    await began.promise;
    expect(await other.set(key, 'set', { ttl: '1m' })).toEqual({ outcome: 'stored' });
    end.resolve('loaded before');
    await sleep(100);
    expect(await cache.get(key)).toBe('set');
  });
});

describe('a load', () => {
  test('that never ends frees all who wait, and the key', async ({ open }) => {
    const options = { ...PLAIN, hardTimeout: '200ms' } as const;
    const caches = [await open(options), await open(options)] as const;
    const key = newKey();
    let aborted: unknown;
    const never = ({ signal }: { signal: AbortSignal }) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason;
      });
      return new Promise<string>(() => {});
    };
    const start = performance.now();
    const ends = await Promise.allSettled(
      caches.flatMap((cache) => [1, 2].map(() => cache.getOrSet(key, never))),
    );
    expect(performance.now() - start).toBeLessThan(2_000);
    expect(
      ends.filter((end) => end.status === 'rejected' && end.reason instanceof LoaderTimeoutError),
    ).not.toEqual([]);
    expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
    expect(aborted).toBeInstanceOf(LoaderTimeoutError);
    expect(await caches[1].getOrSet(key, () => 'again')).toBe('again');
  });

  test('that fails is shared with all who wait, in all processes, once', async ({ open }) => {
    const caches = await Promise.all(Array.from({ length: 4 }, () => open(PLAIN)));
    const key = newKey();
    let count = 0;
    const failing = async () => {
      count++;
      await sleep(1_000);
      throw Object.assign(new RangeError('secret 42'), { code: 'E_DOWN' });
    };
    const start = performance.now();
    const ends = await Promise.allSettled(
      caches.flatMap((cache) => Array.from({ length: 25 }, () => cache.getOrSet(key, failing))),
    );
    const tookMs = performance.now() - start;
    expect(count).toBe(1);
    expect(tookMs).toBeLessThan(1_500);
    const causes = ends.map((end) => end.status === 'rejected' && (end.reason as Error).cause);
    // Only who loaded knows more than what kind of error it was.
    const elsewhere = causes.filter((cause) => cause instanceof FailedElsewhereError);
    expect(elsewhere).toHaveLength(75);
    expect(
      new Set(
        elsewhere.map(
          ({ originalName, originalCode, message }) =>
            `${originalName} ${originalCode} ${message.includes('42')}`,
        ),
      ),
    ).toEqual(new Set(['RangeError E_DOWN false']));
    expect(
      causes.filter((cause) => cause instanceof RangeError && cause.message === 'secret 42'),
    ).toHaveLength(25);
    expect(await caches[3]?.getOrSet(key, () => 'again')).toBe('again');
  });

  test('that failed is not tried again for errorTtl', async ({ open }) => {
    const options = { ...PLAIN, errorTtl: '400ms' } as const;
    const [cache, other] = [await open(options), await open(options)];
    const key = newKey();
    await expect(cache.getOrSet(key, () => Promise.reject(new TypeError('no')))).rejects.toThrow(
      LoaderFailedError,
    );
    const failure = other.getOrSet(key, () => 'loaded');
    await expect(failure).rejects.toMatchObject({
      code: 'CACHE_LOADER_FAILED',
      cause: { originalName: 'TypeError' },
    });
    expect(await other.getOrSet(key, () => 'forced', { forceRefresh: true })).toBe('forced');
    expect(await cache.getOrSet(key, () => 'not asked')).toBe('forced');

    const later = newKey();
    await expect(cache.getOrSet(later, () => Promise.reject(new Error('no')))).rejects.toThrow(
      LoaderFailedError,
    );
    await sleep(450);
    expect(await other.getOrSet(later, () => 'loaded')).toBe('loaded');
  });

  test('says how long its value is good for, that it is not to be kept, or that nothing has changed', async ({
    open,
  }) => {
    const cache = await open(GRACE);
    const key = newKey();
    await cache.getOrSet(key, (load) => {
      load.ttl = '10m';
      return 'long';
    });
    await untilStale();
    expect(await cache.lookup(key, () => 'not asked')).toMatchObject({ value: 'long', source: 'cluster' });

    const skipped = newKey();
    const skip = cache.lookup(skipped, (load) => (load.skip(), 'skipped'));
    expect(await skip).toMatchObject({ value: 'skipped', source: 'loader', kept: 'skipped' });
    expect(await cache.get(skipped)).toBeUndefined();

    const same = newKey();
    await cache.getOrSet(same, () => 'same');
    await untilStale();
    const ages: number[] = [];
    const unchanged = cache.lookup(
      same,
      (load) => {
        ages.push(load.stale?.ageMs ?? -1);
        return load.notModified();
      },
      { refresh: 'blocking' },
    );
    expect(await unchanged).toMatchObject({ value: 'same', source: 'loader', kept: 'filled' });
    expect(ages[0]).toBeGreaterThanOrEqual(100);
    await expect(cache.getOrSet(newKey(), (load) => load.notModified())).rejects.toMatchObject({
      cause: expect.any(NothingStaleError),
    });
  });

  test('is given up by its caller alone', async ({ open }) => {
    const cache = await open(PLAIN);
    const key = newKey();
    const leaving = new AbortController();
    const loads = counting(150);
    const [left, stayed] = [
      cache.getOrSet(key, loads.load, { signal: leaving.signal }),
      cache.getOrSet(key, loads.load),
    ];
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    expect(await stayed).toBe('1');
    await expect(cache.getOrSet(key, loads.load, { signal: leaving.signal })).rejects.toThrow('left');
  });
});
