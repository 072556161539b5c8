import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Cache } from './cache.ts';
import { MemoryClient } from './memory-client.ts';

/** A client whose cluster is not there, or whose subscriptions never stand. */
class Deaf extends MemoryClient {
  readonly #isConnected: boolean;

  constructor(isConnected: boolean) {
    super();
    this.#isConnected = isConnected;
  }

  override async ready(): Promise<void> {
    if (!this.#isConnected) await new Promise<never>(() => {});
  }

  override subscribe(): ReturnType<MemoryClient['subscribe']> {
    return { stands: false, [Symbol.asyncDispose]: async () => {} };
  }
}

/** What it rejects with. */
function outcomeOf(waiting: Promise<void>): Promise<unknown> {
  return waiting.then(
    () => 'ready',
    (error: unknown) => error,
  );
}

describe('whoever waits until a cache is ready', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('is told when it takes too long, and nothing is left of it', async () => {
    await using cache = new Cache({ client: new Deaf(true), guard: false });
    const before = vi.getTimerCount();
    const [brief, long] = [outcomeOf(cache.ready('1s')), outcomeOf(cache.ready('20d'))];
    await vi.advanceTimersByTimeAsync(1_100);
    expect(await brief).toMatchObject({
      code: 'CLUSTER_NOT_CONNECTED',
      message: expect.stringContaining('its subscription to invalidations does not stand'),
    });
    expect(vi.getTimerCount()).toBe(before + 1);
    await cache.close();
    expect(await long).toMatchObject({ code: 'CACHE_CLOSED' });
  });

  it.each([[true], [false]])(
    'is told when the cache is closed, whatever it waits for (a subscription: %s), and nothing is left of it',
    async (isConnected) => {
      const cache = new Cache({ client: new Deaf(isConnected), guard: false });
      const outcome = outcomeOf(cache.ready('10m'));
      await vi.advanceTimersByTimeAsync(10);
      await cache.close();
      expect(await outcome).toMatchObject({ code: 'CACHE_CLOSED' });
      expect(vi.getTimerCount()).toBe(0);
      await expect(cache.ready()).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
    },
  );

  it.each([['soon'], ['30d'], [0], [-1], [Number.NaN]])('is told that %j is no time', async (within) => {
    await using cache = new Cache({ client: new Deaf(true), guard: false });
    await expect(cache.ready(within as number)).rejects.toMatchObject({ code: 'KERNEL_INVALID_OPTION' });
  });
});
