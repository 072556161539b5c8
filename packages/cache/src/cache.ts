import { NotConnectedError } from '@keyslot/cluster';
import { type Duration, toTimerMs } from '@keyslot/kernel';
import type { AnyKey, Key } from '@keyslot/keys';
import { type Answer, answerOf } from './answer.ts';
import { Batches } from './batches.ts';
import type { CacheClient } from './cache-client.ts';
import { CacheClosedError } from './errors.ts';
import type { EntryOptions } from './freshness.ts';
import type { Loader } from './loads.ts';
import type { CacheOptions } from './options.ts';
import type {
  DeleteResult,
  ExpireResult,
  GetOutcome,
  LoadOutcome,
  SetResult,
  TouchResult,
} from './outcomes.ts';
import { endedBy } from './patience.ts';
import { ReadThrough } from './read-through.ts';
import type { ReadOptions } from './request.ts';
import { Stations } from './stations.ts';
import { Tenant } from './tenant.ts';
import { type TenantCache, TenantView } from './tenant-cache.ts';
import type { BatchLoader } from './together.ts';
import { lendingTurn } from './turns.ts';
import { Writes } from './writes.ts';

/**
 * A cache with one tier in this process and one in the cluster. The way of a read is drawn and written in
 * `read-through.ts`, that of a delete in `invalidations.ts`.
 *
 * Commit first, then delete. A value whose load began before a delete returned cannot be read from the cluster
 * afterwards, provided that loaders read what is committed.
 *
 * @example
 * ```ts run cluster
 * import { Cache } from '@keyslot/cache';
 * import { ClusterClient } from '@keyslot/cluster';
 * import { key } from '@keyslot/keys';
 *
 * const client = new ClusterClient({ nodes: cluster.addresses });
 * const cache = new Cache({ client, ttl: '5m' });
 * await cache.ready();
 *
 * const placeById = key('places:{place:<id>}:detail').holds<{ name: string } | null>();
 * const place = placeById({ id: 42 });
 *
 * await cache.getOrSet(place, async () => ({ name: 'Wien' })); // => { name: 'Wien' }
 * await cache.getOrSet(place, async () => null); // => { name: 'Wien' }
 * await cache.delete(place); // => { outcome: 'deleted', existed: true }
 * await cache.getOrSet(place, async () => null); // => null
 *
 * await cache.close();
 * await client.close();
 * ```
 */
export class Cache implements AsyncDisposable {
  readonly #client: CacheClient;
  readonly #at: Stations;
  readonly #reads: ReadThrough;
  readonly #writes: Writes;
  readonly #batches: Batches;
  readonly #ending = new AbortController();
  #closed = false;

  /** @throws {InvalidOptionError} for options that cannot be used. */
  constructor(options: CacheOptions) {
    this.#client = options.client;
    this.#at = new Stations(options, {
      forget: (id) => this.#reads.forget(id),
      forgetAll: () => this.#reads.forgetAll(),
    });
    this.#reads = new ReadThrough(this.#at);
    this.#writes = new Writes(this.#at);
    this.#batches = new Batches(this.#at, this.#reads, this.#writes);
  }

  /**
   * Resolves once the cluster is connected and messages of other processes arrive. Nobody has to wait for it:
   * until then values come from the loader, and nothing is kept in memory.
   *
   * @param within - how long to wait. @default '5s'
   * @throws {NotConnectedError} when it takes longer; the cache goes on trying.
   * @throws {CacheClosedError} once it is closed, also while somebody waits.
   * @throws {ClientClosedError} when its client was closed.
   */
  async ready(within: Duration = '5s'): Promise<void> {
    this.#mustBeOpen();
    const withinMs = toTimerMs(within, 'within');
    const until = performance.now() + withinMs;
    await endedBy(this.#ending.signal, this.#client.ready(withinMs));
    const leftMs = Math.max(until - performance.now(), 0);
    if (await this.#at.invalidations.standing(leftMs)) return;
    throw new NotConnectedError(withinMs, 'its subscription to invalidations does not stand');
  }

  /**
   * Returns the value of `key`, loading it if neither tier has it. However many callers ask at once, in
   * however many processes, one of them loads.
   *
   * A value from memory is the same object for everybody: do not change it.
   *
   * @throws {LoaderFailedError} when the loader threw; its own error is the `cause`, or what kind it was, if it was thrown in
   *   another process.
   * @throws {LoaderTimeoutError} when it took longer than `hardTimeout`.
   * @throws {LoaderOverloadedError} when as many loaders run and wait as may, or it waited for its turn for `hardTimeout`.
   * @throws {LoaderCycleError} when it is called from inside the load of `key` itself.
   * @throws {UnencodableValueError} when it returned what cannot be stored.
   */
  getOrSet<Value>(key: Key<Value>, loader: Loader<Value>, options?: ReadOptions): Promise<Value> {
    if (this.#closed) return Promise.reject(new CacheClosedError());
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason);
    const cycle = this.#at.loads.cycleOf(key, this.#at.namespace);
    if (cycle !== undefined) return Promise.reject(cycle);
    const id = this.#at.namespace.localId(key);
    const kept = this.#reads.local(key, id, options);
    if (kept !== undefined) return Promise.resolve(kept.value as Value);
    const answer = lendingTurn(() => this.#reads.read(key, id, loader, options)).then(valueOf);
    return options?.signal === undefined ? answer : endedBy(options.signal, answer);
  }

  /** As {@link getOrSet}, and says where the value came from, how old it is, and what became of it if it was loaded. */
  lookup<Value>(key: Key<Value>, loader: Loader<Value>, options?: ReadOptions): Promise<Answer<Value>> {
    if (this.#closed) return Promise.reject(new CacheClosedError());
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason);
    const cycle = this.#at.loads.cycleOf(key, this.#at.namespace);
    if (cycle !== undefined) return Promise.reject(cycle);
    const id = this.#at.namespace.localId(key);
    const kept = this.#reads.local(key, id, options);
    if (kept !== undefined) return Promise.resolve(answerOf(kept, 'local', this.#at.clock.now()));
    const answer = lendingTurn(() => this.#reads.read(key, id, loader, options));
    return options?.signal === undefined ? answer : endedBy(options.signal, answer);
  }

  /** The value of `key` if this process's memory has it, else `undefined`. Asks nobody. */
  peek<Value>(key: Key<Value>): Value | undefined {
    const { local, namespace, settings } = this.#at;
    const expected = settings.policies.expectedOf(key.template);
    return local.get(namespace.localId(key), expected)?.value as Value | undefined;
  }

  /** The value of `key` if a tier has a fresh one, else `undefined`. Waits for nobody's load. */
  async get<Value>(key: Key<Value>, options?: EntryOptions): Promise<Value | undefined> {
    const [found] = await this.getMany([key], options);
    return found?.outcome === 'hit' ? found.value : undefined;
  }

  /** What the tiers have of each key, in the order of the keys. Waits for nobody's load. */
  async getMany<Value>(keys: readonly Key<Value>[], options?: EntryOptions): Promise<GetOutcome<Value>[]> {
    this.#mustBeOpen();
    return await this.#batches.get(keys, options);
  }

  /**
   * As {@link getOrSet} for many keys: each is read, led and waited for by itself, and those that this caller has to load
   * are loaded together. The outcomes are in the order of the keys; a shard that is away, or a value that cannot be
   * stored, costs its own keys only.
   */
  async getOrSetMany<Value>(
    keys: readonly Key<Value>[],
    loadMissing: BatchLoader<Value>,
    options?: ReadOptions,
  ): Promise<LoadOutcome<Value>[]> {
    this.#mustBeOpen();
    options?.signal?.throwIfAborted();
    const outcomes = lendingTurn(() => this.#batches.getOrSet(keys, loadMissing, options));
    return await (options?.signal === undefined ? outcomes : endedBy(options.signal, outcomes));
  }

  /**
   * Stores a value, in the place of whatever is there: a load under way is superseded. Prefer `delete` after a
   * change: two writers that set can overtake each other between database and cache, two that delete cannot.
   *
   * @throws {UnencodableValueError} for a value that cannot be stored.
   */
  async set<Value>(key: Key<Value>, value: Value, options?: EntryOptions): Promise<SetResult> {
    this.#mustBeOpen();
    const { namespace, settings } = this.#at;
    return await this.#writes.set(
      namespace.inCluster(key),
      value,
      settings.policies.of(key.template, options),
    );
  }

  /** Stores many values, as {@link set} does. Of a key that comes twice the last value stands. */
  async setMany<Value>(
    entries: readonly (readonly [key: Key<Value>, value: Value])[],
    options?: EntryOptions,
  ): Promise<SetResult[]> {
    this.#mustBeOpen();
    return await this.#batches.set(entries, options);
  }

  /**
   * Forgets `key` in every tier and process. A load begun earlier still answers its callers, but is kept
   * nowhere. Never throws because of the cluster.
   */
  async delete(key: AnyKey): Promise<DeleteResult> {
    this.#mustBeOpen();
    return await this.#at.invalidations.delete(this.#at.namespace.inCluster(key));
  }

  /** Forgets many keys, and tells the other processes of them together. */
  async deleteMany(keys: readonly AnyKey[]): Promise<DeleteResult[]> {
    this.#mustBeOpen();
    return await this.#batches.delete(keys);
  }

  /**
   * Has the value of `key` be stale: the next reader gets it once more, while one process loads it anew. For changes after
   * which an old value may be shown for a moment; where it may not, use {@link delete}.
   */
  async expire(key: AnyKey): Promise<ExpireResult> {
    this.#mustBeOpen();
    return await this.#writes.expire(this.#at.namespace.inCluster(key));
  }

  /** Has the value of `key` be fresh for its whole `ttl` from now on, without sending it again. */
  async touch(key: AnyKey, options?: EntryOptions): Promise<TouchResult> {
    this.#mustBeOpen();
    const { namespace, settings } = this.#at;
    return await this.#writes.touch(namespace.inCluster(key), settings.policies.of(key.template, options));
  }

  /**
   * The same cache for one of many who share it: its keys cannot meet those of others, whatever they and the ids are. A
   * view costs nothing, and need not be kept; memory, connections and limits are shared.
   *
   * @param id - 1 to 256 characters
   * @throws {InvalidTenantError} for what cannot be an id.
   */
  forTenant(id: string): TenantCache {
    return new TenantView(this, new Tenant(id));
  }

  /** Stops listening and renewing. What is under way is answered. The client stays open. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending.abort(new CacheClosedError());
    await this.#at.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new CacheClosedError();
  }
}

function valueOf<Value>({ value }: Answer<Value>): Value {
  return value;
}
