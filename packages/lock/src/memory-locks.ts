import { objectOf } from './arguments.ts';
import { Locks } from './locks.ts';
import { MemoryLockClient } from './memory-lock-client.ts';
import type { LocksOptions } from './options.ts';

/** How {@link createMemoryLocks} makes locks: as any others, but for the client. */
export interface MemoryLocksOptions extends Omit<LocksOptions, 'client'> {
  /** What the locks share with others, as processes share a cluster. @default one of its own */
  readonly client?: MemoryLockClient;
}

/**
 * Locks without Redis, for unit tests: all but the cluster is the real thing, for which a {@link MemoryLockClient}
 * stands in. There are no outages in it and no failovers.
 *
 * @example
 * ```ts run
 * import { createMemoryLocks, MemoryLockClient } from '@keyslot/lock';
 * import { ManualClock } from '@keyslot/testkit';
 *
 * // Two processes, as it were.
 * const clock = new ManualClock();
 * const client = new MemoryLockClient({ clock });
 * const [one, two] = [createMemoryLocks({ client }), createMemoryLocks({ client })];
 *
 * const lock = await one.acquire('order:42', { ttl: '10s', renew: false });
 * await two.tryAcquire('order:42'); // => undefined
 * await clock.advance(10_000);
 * lock.signal.aborted; // => true
 * const next = await two.acquire('order:42');
 * next.fencing > lock.fencing; // => true
 *
 * await Promise.all([one.close(), two.close()]);
 * ```
 *
 * @throws {InvalidOptionError} for options that cannot be used.
 */
export function createMemoryLocks(options: MemoryLocksOptions = {}): Locks {
  const { client = new MemoryLockClient(options) } = objectOf(options, 'an object, or nothing');
  return new Locks({ ...(client.clock && { clock: client.clock }), ...options, client });
}
