import { InvalidOptionError } from '@keyslot/kernel';
import { objectOf, type UsingArguments, usingOf, type Work } from './arguments.ts';
import type { Lock } from './lock.ts';
import type { AcquireOptions, HoldOptions } from './options.ts';
import { using } from './using.ts';

/** How a semaphore is made. */
export interface SemaphoreOptions {
  /**
   * How many may hold it at once, 1 to 1 000. Each asks with the number that it has been given, so processes may differ
   * for as long as a deployment takes.
   */
  readonly permits: number;
}

/** How one permit is taken: as a lock, but for the mode. */
export type PermitOptions = Omit<AcquireOptions, 'mode'>;

const MOST = 1_000;

/** @throws {InvalidOptionError} */
export function permitsOf(options: SemaphoreOptions): number {
  const { permits } = objectOf(options, 'an object like { permits: 2 }');
  if (!Number.isSafeInteger(permits) || permits < 1 || permits > MOST)
    throw new InvalidOptionError('permits', permits, `a whole number from 1 to ${MOST}`);
  return permits;
}

/**
 * Permits of which only so many are out at once, in the whole fleet. A permit is held as a lock is: renewed, lost and
 * numbered. Made by {@link Locks.semaphore}.
 *
 * @example
 * ```ts run
 * import { createMemoryLocks } from '@keyslot/lock';
 *
 * const locks = createMemoryLocks();
 * const exports = locks.semaphore('exports', { permits: 2 });
 * const [one, two] = [await exports.acquire(), await exports.acquire()];
 * await exports.tryAcquire(); // => undefined
 * await one.release(); // => { outcome: 'released' }
 * await exports.using(async () => 'exported'); // => 'exported'
 * await two.release(); // => { outcome: 'released' }
 * await locks.close();
 * ```
 */
export class Semaphore {
  readonly #wait: (options: PermitOptions) => Promise<Lock>;
  readonly #try: (options: HoldOptions) => Promise<Lock | undefined>;

  constructor(
    wait: (options: PermitOptions) => Promise<Lock>,
    tryIt: (options: HoldOptions) => Promise<Lock | undefined>,
  ) {
    this.#wait = wait;
    this.#try = tryIt;
  }

  /** Takes a permit, and waits for one. @throws what {@link Locks.acquire} throws */
  async acquire(options: PermitOptions = {}): Promise<Lock> {
    return await this.#wait(options);
  }

  /** Takes a permit if there is one and nobody waits. @returns `undefined` when there is none */
  async tryAcquire(options: Omit<HoldOptions, 'mode'> = {}): Promise<Lock | undefined> {
    return await this.#try(options);
  }

  /** Does something with a permit. @throws {LockLostError} when it was lost, or released, before the work was done */
  using<T>(work: Work<T>): Promise<T>;
  using<T>(options: PermitOptions, work: Work<T>): Promise<T>;
  async using<T>(...args: UsingArguments<PermitOptions, T>): Promise<T> {
    const { options, work } = usingOf(args);
    return await using(await this.acquire(options), work);
  }
}
