import { toMs } from '@keyslot/kernel';
import { Acquisitions, type Request } from './acquisition.ts';
import { type UsingArguments, usingOf, type Work } from './arguments.ts';
import { HeldLock, type Keeping } from './held-lock.ts';
import type { Lock } from './lock.ts';
import { type LockGroup, takeAll } from './lock-group.ts';
import {
  type AcquireOptions,
  type HoldOptions,
  holdOf,
  type LockSettings,
  type LocksOptions,
  modeOf,
  settingsOf,
} from './options.ts';
import { Renewals } from './renewals.ts';
import { lockKeyOf, type Resource, resourcesOf } from './resource.ts';
import { Returns } from './returns.ts';
import { permitsOf, Semaphore, type SemaphoreOptions } from './semaphore.ts';
import { Turns } from './turns.ts';
import { using } from './using.ts';

/** As many as share a resource at the most. */
const ANY_NUMBER = 1_000_000;

/**
 * Locks on a cluster: one holder of a resource at a time, in the whole fleet, as far as a lock can promise that.
 *
 * A lock is held for its `ttl` and renewed while its holder lives. It is lost, and its signal aborts, when it could not
 * be renewed in time. Those who wait get it in the order in which they came, and are called when it is released. Each
 * acquisition has a number larger than those before it; a resource that refuses smaller ones is safe even where a lock
 * cannot be: see docs/locks.md.
 *
 * @example
 * ```ts run cluster
 * import { ClusterClient } from '@keyslot/cluster';
 * import { Locks } from '@keyslot/lock';
 *
 * const client = new ClusterClient({ nodes: cluster.addresses });
 * const locks = new Locks({ client, namespace: 'shop' });
 * {
 *   await using lock = await locks.acquire('order:42', { ttl: '10s', wait: '2s' });
 *   lock.isHeld; // => true
 *   await locks.tryAcquire('order:42'); // => undefined
 * }
 * await locks.using('order:42', async ({ fencing }) => fencing > 0); // => true
 * await locks.close();
 * await client.close();
 * ```
 */
export class Locks implements AsyncDisposable {
  readonly #settings: LockSettings;
  readonly #renewals: Renewals;
  readonly #returns: Returns;
  readonly #turns: Turns;
  readonly #acquisitions: Acquisitions;
  readonly #closing = new AbortController();
  readonly #unlisten: () => void;
  #closed: Promise<void> | undefined;

  /** @throws {InvalidOptionError} for options that cannot be used. */
  constructor(options: LocksOptions) {
    this.#settings = settingsOf(options);
    const { client, clock, keepMs } = this.#settings;
    this.#renewals = new Renewals(clock);
    this.#returns = new Returns(client, clock, keepMs);
    this.#turns = new Turns(client, clock);
    const keeping: Keeping = { client, clock, keepMs, renewals: this.#renewals, returns: this.#returns };
    this.#acquisitions = new Acquisitions(keeping, this.#turns, this.#closing.signal);
    this.#unlisten = client.onOwnerChange((concerns) => {
      for (const held of this.#held()) if (concerns(held.slot)) held.doubt();
    });
  }

  /**
   * Takes a lock, and waits for it while others hold it.
   *
   * @throws {LockTimeoutError} when it was held by others for all of `wait`
   * @throws {AbortedError} of the client, when `signal` ended the waiting; its `cause` is the signal's reason.
   * @throws {ClusterError} when the cluster could not be asked until then. Nothing is held.
   * @throws {LockLostError} when the answer that it was taken came after its `ttl`, and after `wait`. It is given back.
   */
  async acquire(resource: Resource, options: AcquireOptions = {}): Promise<Lock> {
    return await this.#acquire(this.#requestOf(resource, options), options);
  }

  /**
   * Takes a lock if nobody holds it, and nobody waits for it.
   *
   * @returns `undefined` when somebody does
   * @throws {AbortedError} of the client, when `signal` is aborted; its `cause` is the signal's reason.
   * @throws {ClusterError} when the cluster cannot be asked: that is not the same.
   * @throws {LockLostError} when the answer that it was taken came after its `ttl`. It is given back.
   */
  async tryAcquire(resource: Resource, options: HoldOptions = {}): Promise<Lock | undefined> {
    return await this.#acquisitions.try(this.#requestOf(resource, options));
  }

  /**
   * Does something while a lock is held, and gives it back, whatever comes of it.
   *
   * @throws {LockLostError} when the lock was lost before the work was done: it may have met with somebody else's.
   * Also, with the reason `'released'`, when the work releases it itself: what it does after that is not guarded. Let
   * `using` release it, or `acquire` what is to end earlier.
   */
  using<T>(resource: Resource, work: Work<T>): Promise<T>;
  using<T>(resource: Resource, options: AcquireOptions, work: Work<T>): Promise<T>;
  async using<T>(resource: Resource, ...args: UsingArguments<AcquireOptions, T>): Promise<T> {
    const { options, work } = usingOf(args);
    return await using(await this.acquire(resource, options), work);
  }

  /**
   * Takes several locks, all or none, whichever shards they lie on. Every process takes them in the same order, so two
   * never wait for each other. `wait` is for all of them together.
   *
   * @throws what {@link Locks.acquire} throws, and {@link LockLostError} when one was lost while others were waited for.
   * The `refusedAt` of a {@link LockTimeoutError} is the place of the resource that others held.
   */
  async acquireAll(resources: readonly Resource[], options: AcquireOptions = {}): Promise<LockGroup> {
    const { waitMs, clock } = this.#settings;
    const requests = resourcesOf(resources).map((resource, at) =>
      this.#requestOf(resource, options, `resources[${at}]`),
    );
    const most = options.wait === undefined ? waitMs : toMs(options.wait, 'wait', 0);
    return await takeAll(requests, clock, most, (request, ms) => this.#acquisitions.wait(request, ms));
  }

  /**
   * A semaphore: as many may hold it at once as it has permits. The permit of one who dies comes back after `ttl`.
   *
   * @throws {InvalidOptionError}
   */
  semaphore(resource: Resource, options: SemaphoreOptions): Semaphore {
    const limit = permitsOf(options);
    const key = lockKeyOf('semaphore', this.#settings.prefix, resource);
    const request = (hold: HoldOptions): Request => ({
      ...holdOf(hold, this.#settings.ttlMs),
      key,
      as: 'permit',
      limit,
    });
    return new Semaphore(
      async (hold) => await this.#acquire(request(hold), hold),
      async (hold) => await this.#acquisitions.try(request(hold)),
    );
  }

  /**
   * Ends all waiting with {@link LocksClosedError}, and gives back what is still held, whose signals abort. The
   * client stays open.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#unlisten();
    const held = this.#held();
    this.#closing.abort();
    for (const lock of held) lock.end('closed');
    this.#renewals.close();
    await Promise.all(held.map((lock) => lock.release()));
    await this.#acquisitions.ended();
    await this.#turns[Symbol.asyncDispose]();
    await this.#returns[Symbol.asyncDispose]();
  }

  #held(): HeldLock[] {
    return [...this.#renewals.all].filter((each) => each instanceof HeldLock);
  }

  async #acquire(request: Request, { wait }: AcquireOptions): Promise<HeldLock> {
    return await this.#acquisitions.wait(
      request,
      wait === undefined ? this.#settings.waitMs : toMs(wait, 'wait', 0),
    );
  }

  /** @throws {InvalidResourceError} @throws {InvalidOptionError} */
  #requestOf(resource: Resource, options: HoldOptions, where?: string): Request {
    const key = lockKeyOf('lock', this.#settings.prefix, resource, where);
    const hold = holdOf(options, this.#settings.ttlMs);
    const isShared = modeOf(options) === 'shared';
    return {
      ...hold,
      key,
      as: isShared ? 'shared' : 'exclusive',
      limit: isShared ? ANY_NUMBER : 0,
    };
  }
}
