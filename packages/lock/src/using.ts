import { LockLostError } from './errors.ts';
import type { Lock } from './lock.ts';

/** Does something under a lock and gives that back. What the work throws goes before what became of the lock. */
export async function using<L extends Pick<Lock, 'assertHeld' | 'release' | 'template'>, T>(
  lock: L,
  work: (lock: L) => T | Promise<T>,
): Promise<T> {
  let value: T;
  try {
    value = await work(lock);
    lock.assertHeld();
  } catch (error) {
    await lock.release();
    throw error;
  }
  const { outcome } = await lock.release();
  // Lost in the very last moment, or without our having noticed: after a failover the cluster may know nothing of it.
  if (outcome === 'lost') throw new LockLostError(lock.template, 'taken');
  return value;
}
