import { EventEmitter } from 'node:events';
import type { Cache } from '@keyslot/cache';
import type { ClusterClient } from '@keyslot/cluster';
import type { KeyvEntry, KeyvStoreAdapter, StoredData } from 'keyv';
import { NameIndex } from './name-index.ts';
import { NamedEntries } from './named-entries.ts';

/** How a {@link KeyslotStore} is made. */
export interface KeyslotStoreOptions {
  readonly cache: Cache;

  /** The cache's client, for the names to iterate. */
  readonly client: ClusterClient;
}

/**
 * A Keyv store on a Keyslot cache. `NamedEntries` says where its answers differ from those of other stores.
 *
 * Nothing to `disconnect`: cache and client are closed by those who made them.
 */
export class KeyslotStore extends EventEmitter implements KeyvStoreAdapter {
  /** Keyv iterates only stores whose dialect it knows. Its tests put options of their own beside it. */
  readonly opts: Record<string, unknown> = { dialect: 'redis' };

  /** Set by Keyv, which also puts it before every key. */
  namespace?: string | undefined;

  readonly #entries: NamedEntries;
  readonly #index: NameIndex;

  constructor({ cache, client }: KeyslotStoreOptions) {
    super();
    this.#entries = new NamedEntries(cache);
    this.#index = new NameIndex(client, () => this.#entries.generation());
  }

  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    return (await this.#entries.get(key)) as StoredData<Value> | undefined;
  }

  async getMany<Value>(keys: string[]): Promise<StoredData<Value | undefined>[]> {
    return (await this.#entries.getMany(keys)) as StoredData<Value | undefined>[];
  }

  async has(key: string): Promise<boolean> {
    return (await this.#entries.get(key)) !== undefined;
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return (await this.#entries.getMany(keys)).map((value) => value !== undefined);
  }

  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    await this.#index.add(key);
    return this.#entries.set(key, value, ttl);
  }

  /** @throws {AggregateError} naming how many were not stored; the others are. */
  async setMany(entries: KeyvEntry[]): Promise<void> {
    await Promise.all(entries.map(({ key }) => this.#index.add(key)));
    // A batch has one time for all that is in it.
    const results = await Promise.all(
      [...Map.groupBy(entries, ({ ttl }) => ttl)].map(([ttl, those]) =>
        this.#entries.setMany(
          those.map(({ key, value }) => [key, value]),
          ttl,
        ),
      ),
    );
    const errors = results.flat().flatMap((each): unknown[] => {
      if (each.outcome === 'stored') return [];
      return [each.outcome === 'failed' ? each.error : new Error(`It was ${each.outcome}`)];
    });
    if (errors.length > 0)
      throw new AggregateError(errors, `${errors.length} of ${entries.length} not stored`);
  }

  /** Whether there was something to delete. */
  async delete(key: string): Promise<boolean> {
    const wasThere = await this.#entries.delete(key);
    await this.#index.remove(key);
    return wasThere;
  }

  /** Whether one of them at least was there, as other stores answer. */
  async deleteMany(keys: string[]): Promise<boolean> {
    const deleted = await this.#entries.deleteMany(keys);
    await Promise.all(keys.map((key) => this.#index.remove(key)));
    return deleted.includes(true);
  }

  /** Forgets the keys of the namespace; without one, those of all. */
  clear(): Promise<void> {
    return this.#entries.clear(this.namespace);
  }

  async *iterator<Value>(
    namespace?: string,
  ): AsyncGenerator<Array<string | Awaited<Value> | undefined>, void> {
    for await (const name of this.#index.names()) {
      if (namespace !== undefined && !name.startsWith(`${namespace}:`)) continue;
      const value = await this.#entries.get(name);
      if (value === undefined) await this.#index.remove(name);
      else yield [name, value as Awaited<Value>];
    }
  }

  async disconnect(): Promise<void> {}
}
