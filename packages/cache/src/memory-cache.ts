import { Cache } from './cache.ts';
import { MemoryClient } from './memory-client.ts';
import type { CacheOptions } from './options.ts';

/** How {@link createMemoryCache} makes a cache: as any other, but for the client. */
export interface MemoryCacheOptions extends Omit<CacheOptions, 'client'> {
  /** What the cache shares with others, as processes share a cluster. @default one of its own */
  readonly client?: MemoryClient;
}

/**
 * A cache without Redis, for unit tests: leases, messages, expiry and codec are the real ones, only the cluster is a
 * {@link MemoryClient}. There are no outages in it, no failovers, and no lack of memory.
 *
 * @example
 * ```ts run
 * import { createMemoryCache, MemoryClient } from '@keyslot/cache';
 * import { key } from '@keyslot/keys';
 * import { ManualClock } from '@keyslot/testkit';
 *
 * const greeting = key('greetings:<name>').holds<string>()({ name: 'Ada' });
 * const clock = new ManualClock();
 * const cache = createMemoryCache({ clock, ttl: '5m' });
 *
 * await cache.getOrSet(greeting, () => 'Hello'); // => 'Hello'
 * await cache.get(greeting); // => 'Hello'
 * await clock.advance(5 * 60_000);
 * await cache.get(greeting); // => undefined
 * await cache.close();
 *
 * // Two processes, as it were.
 * const client = new MemoryClient();
 * const [one, two] = [createMemoryCache({ client }), createMemoryCache({ client })];
 * await one.set(greeting, 'Hello'); // => { outcome: 'stored' }
 * await two.get(greeting); // => 'Hello'
 * await Promise.all([one.close(), two.close()]);
 * ```
 *
 * @throws {InvalidOptionError} for options that cannot be used.
 */
export function createMemoryCache(options: MemoryCacheOptions = {}): Cache {
  const { client = new MemoryClient(options) } = options;
  return new Cache({ clock: client.clock, ...options, client });
}
