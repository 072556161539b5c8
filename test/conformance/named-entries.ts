import type { Cache, DeleteResult, EntryOptions, SetResult } from '@keyslot/cache';
import { ClearableKeys } from './clearable-keys.ts';

function optionsOf(ttlMs: number | undefined): EntryOptions {
  return ttlMs ? { ttl: ttlMs } : {};
}

/** @throws what a set failed with */
function isStored(result: SetResult): boolean {
  if (result.outcome === 'failed') throw result.error;
  return result.outcome === 'stored';
}

function hadSomething(result: DeleteResult): boolean {
  return result.outcome === 'pending' || result.existed !== false;
}

/**
 * What the adapters for both peers have in common: entries under names, whose writes answer with a boolean.
 *
 * Where Keyslot's answer does not fit into theirs:
 *
 * - Nothing is kept for ever. Without a ttl, the cache's own is used.
 * - A delete says whether anything was there: also a stale value, or a load under way.
 * - A value that is taken is read before it is deleted: two that take it at the same time may both get it.
 * - A delete that is `pending` counts as done: nobody reads the old value any more. Whether there was one is not known,
 *   and answered with `true`.
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

  /** What there is of many, in their order. What cannot be read is `undefined`, as what is not there. */
  async getMany(names: readonly string[]): Promise<unknown[]> {
    const found = await this.#cache.getMany(await this.#keys.keysOf(names));
    return found.map((each) => (each.outcome === 'hit' ? each.value : undefined));
  }

  /** @param ttlMs - `0` means the same as none. */
  async set(name: string, value: unknown, ttlMs?: number): Promise<boolean> {
    return isStored(await this.#cache.set(await this.#keys.keyOf(name), value, optionsOf(ttlMs)));
  }

  /** Many for the same time: what came of each, in their order. */
  async setMany(entries: readonly (readonly [name: string, value: unknown])[], ttlMs?: number) {
    const keys = await this.#keys.keysOf(entries.map(([name]) => name));
    const values = keys.map((key, i) => [key, entries[i]?.[1]] as const);
    return await this.#cache.setMany(values, optionsOf(ttlMs));
  }

  /** Whether there was something to delete. */
  async delete(name: string): Promise<boolean> {
    return hadSomething(await this.#cache.delete(await this.#keys.keyOf(name)));
  }

  /** The same of many, in their order. */
  async deleteMany(names: readonly string[]): Promise<boolean[]> {
    return (await this.#cache.deleteMany(await this.#keys.keysOf(names))).map(hadSomething);
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
