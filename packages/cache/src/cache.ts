import { NotConnectedError } from '@keyslot/cluster';
import { type Duration, toMs } from '@keyslot/kernel';
import type { AnyKey, Key } from '@keyslot/keys';
import type { CacheClient } from './cache-client.ts';
import { type ClusterKey, ClusterTier } from './cluster-tier.ts';
import { CacheClosedError } from './errors.ts';
import { Flights } from './flights.ts';
import { type DeleteResult, Invalidations } from './invalidations.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { LocalTier } from './local-tier.ts';
import { Namespace } from './namespace.ts';
import { type NewEntry, newEntry } from './new-entry.ts';
import { type Guarding, NO_GUARD } from './no-guard.ts';
import { type CacheOptions, type EntryOptions, type Settings, settingsOf } from './options.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { type Loader, ReadThrough } from './read-through.ts';
import { shortened } from './shortened.ts';
import { newToken } from './token.ts';
import { WakeUps } from './wake-ups.ts';
import { type SkipReason, WriteGuard } from './write-guard.ts';

/**
 * What came of a set. `shortenedToMs`: for less time than asked for, because the shard's memory runs out. `skipped`: not
 * at all, for the same reason; the old value is removed as by a delete, whose outcome is `old`. `failed`: the old value
 * may still be there.
 */
export type SetResult =
  | { readonly outcome: 'stored'; readonly shortenedToMs?: number }
  | { readonly outcome: 'superseded' }
  | { readonly outcome: 'skipped'; readonly why: SkipReason; readonly old: DeleteResult['outcome'] }
  | { readonly outcome: 'failed'; readonly error: unknown };

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
 * await cache.delete(place); // => { outcome: 'deleted' }
 * await cache.getOrSet(place, async () => null); // => null
 *
 * await cache.close();
 * await client.close();
 * ```
 */
export class Cache implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #client: CacheClient;
  readonly #namespace: Namespace;
  readonly #local: LocalTier;
  readonly #flights = new Flights();
  readonly #guard: Guarding;
  readonly #tier: ClusterTier;
  readonly #invalidations: Invalidations;
  readonly #wakeUps: WakeUps;
  readonly #reads: ReadThrough;
  #closed = false;

  /** @throws {InvalidOptionError} for options that cannot be used. */
  constructor(options: CacheOptions) {
    const settings = settingsOf(options);
    this.#settings = settings;
    this.#client = options.client;
    this.#namespace = new Namespace(settings.prefix);
    this.#local = new LocalTier(settings.local, settings.clock);
    this.#guard =
      settings.guard === undefined
        ? NO_GUARD
        : new WriteGuard(options.client, settings.guard, settings.clock);
    this.#tier = new ClusterTier(options.client, (slot) => this.#guard.learnOom(slot));
    this.#wakeUps = new WakeUps(options.client, settings.clock);
    this.#invalidations = new Invalidations(options.client, this.#tier, settings, this.#namespace, {
      forget: (id) => this.#forget(id),
      stand: (stands) => this.#stand(stands),
    });
    this.#reads = new ReadThrough({
      settings,
      namespace: this.#namespace,
      local: this.#local,
      flights: this.#flights,
      tier: this.#tier,
      leases: new LeaseKeeper(this.#tier, this.#wakeUps, settings),
      invalidations: this.#invalidations,
      guard: this.#guard,
    });
  }

  /**
   * Resolves once the cluster is connected and messages of other processes arrive. Nobody has to wait for it:
   * until then values come from the loader, and nothing is kept in memory.
   *
   * @param within - how long to wait. @default '5s'
   * @throws {NotConnectedError} when it takes longer; the cache goes on trying.
   * @throws {CacheClosedError} once it is closed.
   */
  async ready(within: Duration = '5s'): Promise<void> {
    if (this.#closed) throw new CacheClosedError();
    const withinMs = toMs(within, 'within');
    const until = performance.now() + withinMs;
    await this.#client.ready(within);
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const why = 'its subscription to invalidations does not stand';
      late = setTimeout(() => reject(new NotConnectedError(withinMs, why)), until - performance.now());
    });
    try {
      await Promise.race([this.#invalidations.standing(), tooLate]);
    } finally {
      clearTimeout(late);
    }
  }

  /**
   * Returns the value of `key`, loading it if neither tier has it. However many callers ask at once, in
   * however many processes, one of them loads.
   *
   * A value from memory is the same object for everybody: do not change it.
   *
   * @throws {LoaderFailedError} when the loader threw; its own error is the `cause`.
   * @throws {UnencodableValueError} when it returned what cannot be stored.
   */
  getOrSet<Value>(key: Key<Value>, loader: Loader<Value>, options?: EntryOptions): Promise<Value> {
    if (this.#closed) return Promise.reject(new CacheClosedError());
    return this.#reads.read(key, loader, options);
  }

  /** The value of `key` if a tier has it, else `undefined`. Waits for nobody's load. */
  async get<Value>(key: Key<Value>): Promise<Value | undefined> {
    const kept = this.#local.get(key.text);
    if (kept !== undefined) return kept.value as Value;
    if (this.#closed) throw new CacheClosedError();
    if (this.#invalidations.isDoubtful(key.text)) return undefined;
    const found = await this.#tier.read(this.#namespace.inCluster(key));
    // Once more: the key's owner may have changed while it was asked.
    if (found.kind !== 'value' || this.#invalidations.isDoubtful(key.text)) return undefined;
    return found.value as Value;
  }

  /**
   * Stores a value, in the place of whatever is there: a load under way is superseded. Prefer `delete` after a
   * change: two writers that set can overtake each other between database and cache, two that delete cannot.
   */
  async set<Value>(key: Key<Value>, value: Value, options?: EntryOptions): Promise<SetResult> {
    if (this.#closed) throw new CacheClosedError();
    const inCluster = this.#namespace.inCluster(key);
    const token = newToken();
    let entry = newEntry(this.#settings, inCluster, token, value, { loadMs: 0, options });
    this.#invalidations.replacing(inCluster);
    const { slot } = inCluster;
    const decision = this.#guard.decide({ slot, bytes: entry.bytes.length, ttlMs: entry.ttlMs });
    if (decision.kind === 'skip') return this.#skip(inCluster, decision.why);
    if (decision.kind === 'shorten') entry = shortened(entry, decision.ttlMs);
    const result = await this.#store(inCluster, token, entry);
    if (result.outcome === 'failed' && isOutOfMemory(result.error)) {
      return this.#skip(inCluster, 'out-of-memory');
    }
    await this.#invalidations.replaced(inCluster);
    if (result.outcome !== 'stored' || decision.kind !== 'shorten') return result;
    return { outcome: 'stored', shortenedToMs: entry.ttlMs };
  }

  /**
   * Two steps, so that one that is late does no harm: a late lease only makes others wait, and a late fill finds its
   * lease gone.
   */
  async #store(key: ClusterKey, token: Buffer, { bytes, ttlMs }: NewEntry): Promise<SetResult> {
    try {
      await this.#tier.seize(key, token, this.#settings.leaseMs);
      const filled = await this.#tier.fill(key, token, bytes, ttlMs);
      if (filled.outcome === 'unknown') return { outcome: 'failed', error: filled.error };
      return { outcome: filled.outcome === 'filled' ? 'stored' : 'superseded' };
    } catch (error) {
      return { outcome: 'failed', error };
    }
  }

  /** Better no value than an older one beside the new one that the caller has. */
  async #skip(key: ClusterKey, why: SkipReason): Promise<SetResult> {
    const { outcome: old } = await this.#invalidations.delete(key);
    return { outcome: 'skipped', why, old };
  }

  /**
   * Forgets `key` in every tier and process. A load begun earlier still answers its callers, but is kept
   * nowhere. Never throws because of the cluster.
   */
  async delete(key: AnyKey): Promise<DeleteResult> {
    if (this.#closed) throw new CacheClosedError();
    return this.#invalidations.delete(this.#namespace.inCluster(key));
  }

  /** Stops listening and renewing. What is under way is answered. The client stays open. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#guard.close();
    await Promise.all([this.#invalidations.close(), this.#wakeUps[Symbol.asyncDispose]()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #forget(id: string): void {
    this.#local.forget(id);
    this.#flights.close(id);
  }

  /** Messages arrive from now on, or do not. What was read meanwhile may have missed one. */
  #stand(stands: boolean): void {
    this.#local.stand(stands);
    this.#flights.closeAll();
  }
}
