import type { Cache } from '@keyslot/cache';
import { BaseDriver } from 'bentocache/drivers/base_driver';
import type { CreateDriverResult, DriverCommonOptions, L2CacheDriver } from 'bentocache/types';
import { NamedEntries } from './named-entries.ts';

/** How a {@link KeyslotDriver} is made. */
export type KeyslotDriverOptions = DriverCommonOptions & { readonly cache: Cache };

/** For `bentostore().useL2Layer(keyslotDriver({ cache }))`. */
export function keyslotDriver(options: KeyslotDriverOptions): CreateDriverResult<L2CacheDriver> {
  return { options, factory: (config: KeyslotDriverOptions) => new KeyslotDriver(config) };
}

/**
 * A driver for bentocache's second level on a Keyslot cache. `NamedEntries` says where its answers differ from those
 * of other drivers.
 *
 * Nothing to `disconnect`: the cache is closed by the one who made it.
 */
export class KeyslotDriver extends BaseDriver implements L2CacheDriver {
  readonly type = 'l2';
  readonly #options: KeyslotDriverOptions;
  readonly #entries: NamedEntries;

  constructor(options: KeyslotDriverOptions) {
    super(options);
    this.#options = options;
    this.#entries = new NamedEntries(options.cache);
  }

  namespace(namespace: string): KeyslotDriver {
    return new KeyslotDriver({ ...this.#options, prefix: this.createNamespacePrefix(namespace) });
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#entries.get(this.getItemKey(key))) as string | undefined;
  }

  async pull(key: string): Promise<string | undefined> {
    return (await this.#entries.take(this.getItemKey(key))) as string | undefined;
  }

  set(key: string, value: string, ttl?: number): Promise<boolean> {
    return this.#entries.set(this.getItemKey(key), value, ttl);
  }

  delete(key: string): Promise<boolean> {
    return this.#entries.delete(this.getItemKey(key));
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    await this.#entries.deleteMany(keys.map((key) => this.getItemKey(key)));
    return true;
  }

  /** Forgets the keys below the prefix; without one, all. */
  clear(): Promise<void> {
    return this.#entries.clear(this.prefix);
  }

  async disconnect(): Promise<void> {}
}
