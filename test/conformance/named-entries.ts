import type { Cache } from '@keyslot/cache';
import { ClearableKeys } from './clearable-keys.ts';

/**
 * What the adapters for both peers have in common: entries under names, whose writes answer with a boolean.
 *
 * Where Keyslot's answer does not fit into theirs:
 *
 * - Nothing is kept for ever. Without a ttl, the cache's own is used.
 * - A delete does not say whether there was something to delete, so that is read before. Two that delete the same name
 *   at the same time may both be told `true`, and two that take it may both get the value.
 * - A delete that is `pending` counts as done: nobody reads the old value any more.
 * - A set that is `superseded` or `skipped` is `false`, one that `failed` throws its error.
 */
export class NamedEntries {
  readonly #cache: Cache;
  readonly #keys: ClearableKeys;

  constructor(cache: Cache) {
    this.#cache = cache;
    this.#keys = new ClearableKeys(cache);
  }

  async get(name: string): Promise<unknown> {
    return this.#cache.get(await this.#keys.keyOf(name));
  }

  /** @param ttlMs - `0` means the same as none. */
  async set(name: string, value: unknown, ttlMs?: number): Promise<boolean> {
    const key = await this.#keys.keyOf(name);
    const result = await this.#cache.set(key, value, ttlMs ? { ttl: ttlMs } : {});
    if (result.outcome === 'failed') throw result.error;
    return result.outcome === 'stored';
  }

  /** Removes an entry, and returns what was there. */
  async take(name: string): Promise<unknown> {
    const key = await this.#keys.keyOf(name);
    const value = await this.#cache.get(key);
    await this.#cache.delete(key);
    return value;
  }

  clear(scope?: string): Promise<void> {
    return this.#keys.clear(scope);
  }

  /** What changes when all names are cleared. */
  generation(): Promise<string> {
    return this.#keys.generation();
  }
}
