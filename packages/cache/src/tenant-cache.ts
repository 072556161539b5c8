import type { AnyKey, Key } from '@keyslot/keys';
import type { Answer } from './answer.ts';
import type { EntryOptions } from './freshness.ts';
import type { Loader } from './loads.ts';
import type {
  DeleteResult,
  ExpireResult,
  GetOutcome,
  LoadOutcome,
  SetResult,
  TouchResult,
} from './outcomes.ts';
import type { ReadOptions } from './request.ts';
import type { Tenant } from './tenant.ts';
import type { BatchLoader } from './together.ts';

/** What a tenant has of a cache: what it does with keys, and neither its beginning nor its end. */
export interface TenantCache {
  /** As of the cache, for a key of this tenant. */
  getOrSet<Value>(key: Key<Value>, loader: Loader<Value>, options?: ReadOptions): Promise<Value>;

  /** As of the cache, for a key of this tenant. */
  lookup<Value>(key: Key<Value>, loader: Loader<Value>, options?: ReadOptions): Promise<Answer<Value>>;

  /** As of the cache, for a key of this tenant. */
  peek<Value>(key: Key<Value>): Value | undefined;

  /** As of the cache, for a key of this tenant. */
  get<Value>(key: Key<Value>, options?: EntryOptions): Promise<Value | undefined>;

  /** As of the cache, for keys of this tenant. */
  getMany<Value>(keys: readonly Key<Value>[], options?: EntryOptions): Promise<GetOutcome<Value>[]>;

  /** As of the cache, for keys of this tenant. The loader is given the keys as the caller has them. */
  getOrSetMany<Value>(
    keys: readonly Key<Value>[],
    loadMissing: BatchLoader<Value>,
    options?: ReadOptions,
  ): Promise<LoadOutcome<Value>[]>;

  /** As of the cache, for a key of this tenant. */
  set<Value>(key: Key<Value>, value: Value, options?: EntryOptions): Promise<SetResult>;

  /** As of the cache, for keys of this tenant. */
  setMany<Value>(
    entries: readonly (readonly [key: Key<Value>, value: Value])[],
    options?: EntryOptions,
  ): Promise<SetResult[]>;

  /** As of the cache, for a key of this tenant. */
  delete(key: AnyKey): Promise<DeleteResult>;

  /** As of the cache, for keys of this tenant. */
  deleteMany(keys: readonly AnyKey[]): Promise<DeleteResult[]>;

  /** As of the cache, for a key of this tenant. */
  expire(key: AnyKey): Promise<ExpireResult>;

  /** As of the cache, for a key of this tenant. */
  touch(key: AnyKey, options?: EntryOptions): Promise<TouchResult>;
}

/**
 * The cache that all tenants share, with one tenant's keys. Methods are passed on one by one: one that concerns more
 * than the keys it is given, as clearing a cache does, must not get here by itself.
 */
export class TenantView implements TenantCache {
  readonly #cache: TenantCache;
  readonly #tenant: Tenant;

  constructor(cache: TenantCache, tenant: Tenant) {
    this.#cache = cache;
    this.#tenant = tenant;
  }

  getOrSet<Value>(key: Key<Value>, loader: Loader<Value>, options?: ReadOptions): Promise<Value> {
    return this.#cache.getOrSet(this.#tenant.keyOf(key), loader, options);
  }

  lookup<Value>(key: Key<Value>, loader: Loader<Value>, options?: ReadOptions): Promise<Answer<Value>> {
    return this.#cache.lookup(this.#tenant.keyOf(key), loader, options);
  }

  peek<Value>(key: Key<Value>): Value | undefined {
    return this.#cache.peek(this.#tenant.keyOf(key));
  }

  get<Value>(key: Key<Value>, options?: EntryOptions): Promise<Value | undefined> {
    return this.#cache.get(this.#tenant.keyOf(key), options);
  }

  getMany<Value>(keys: readonly Key<Value>[], options?: EntryOptions): Promise<GetOutcome<Value>[]> {
    return this.#cache.getMany(this.#all(keys), options);
  }

  getOrSetMany<Value>(
    keys: readonly Key<Value>[],
    loadMissing: BatchLoader<Value>,
    options?: ReadOptions,
  ): Promise<LoadOutcome<Value>[]> {
    const ours = this.#all(keys);
    const theirs = new Map(ours.map((key, i) => [key.text, keys[i] as Key<Value>]));
    const load: BatchLoader<Value> = (missing, context) =>
      loadMissing(
        missing.map((key) => theirs.get(key.text) ?? key),
        context,
      );
    return this.#cache.getOrSetMany(ours, load, options);
  }

  set<Value>(key: Key<Value>, value: Value, options?: EntryOptions): Promise<SetResult> {
    return this.#cache.set(this.#tenant.keyOf(key), value, options);
  }

  setMany<Value>(
    entries: readonly (readonly [key: Key<Value>, value: Value])[],
    options?: EntryOptions,
  ): Promise<SetResult[]> {
    const ours = entries.map(([key, value]) => [this.#tenant.keyOf(key), value] as const);
    return this.#cache.setMany(ours, options);
  }

  delete(key: AnyKey): Promise<DeleteResult> {
    return this.#cache.delete(this.#tenant.keyOf(key));
  }

  deleteMany(keys: readonly AnyKey[]): Promise<DeleteResult[]> {
    return this.#cache.deleteMany(this.#all(keys));
  }

  expire(key: AnyKey): Promise<ExpireResult> {
    return this.#cache.expire(this.#tenant.keyOf(key));
  }

  touch(key: AnyKey, options?: EntryOptions): Promise<TouchResult> {
    return this.#cache.touch(this.#tenant.keyOf(key), options);
  }

  #all<Each extends AnyKey>(keys: readonly Each[]): Each[] {
    return keys.map((key) => this.#tenant.keyOf(key));
  }
}
