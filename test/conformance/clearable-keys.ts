import { randomBytes } from 'node:crypto';
import type { Cache } from '@keyslot/cache';
import { type Key, key } from '@keyslot/keys';

const generationOf = key('conformance:generations:<scope>').holds<string>();
const entryOf = key('conformance:entries:<generation>:<name>').holds<unknown>();

/** Above all scopes that have a name. */
const EVERYTHING = '';

/**
 * How long a scope lives before all that is in it is forgotten, as if it were cleared: no entry is kept for longer,
 * whatever its own ttl.
 */
export const LIFETIME_MS = 30 * 24 * 60 * 60_000;

/**
 * Turns the names of a peer into keys, in such a way that all names below a prefix can be cleared at once.
 *
 * Keyslot's cache removes keys that it is given and has no way to find those of a prefix. So every scope has a
 * generation, a random text that is an entry of the cache itself and part of the key of all that lies in the scope.
 * To clear a scope is to delete its generation: the next to ask draws another, and nobody finds the old entries, in
 * whatever process they were written. They stay in the cluster until their ttl is over.
 *
 * The scopes of `users:posts:1` are everything, `users` and `users:posts`: one read for each, mostly from memory.
 */
export class ClearableKeys {
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  async keyOf(name: string): Promise<Key<unknown>> {
    const generations = await Promise.all(scopesOf(name).map((scope) => this.generation(scope)));
    return entryOf({ generation: generations.join('.'), name });
  }

  /** The keys of many names, in their order. */
  keysOf(names: readonly string[]): Promise<Key<unknown>[]> {
    return Promise.all(names.map((name) => this.keyOf(name)));
  }

  /** What changes when `scope` is cleared. */
  generation(scope = EVERYTHING): Promise<string> {
    const draw = () => randomBytes(9).toString('base64url');
    return this.#cache.getOrSet(generationOf({ scope }), draw, { ttl: LIFETIME_MS });
  }

  /** Forgets the names that begin with `scope` and a colon; without a scope, all. */
  async clear(scope = EVERYTHING): Promise<void> {
    await this.#cache.delete(generationOf({ scope }));
  }
}

function scopesOf(name: string): string[] {
  const scopes = [EVERYTHING];
  for (let at = name.indexOf(':'); at !== -1; at = name.indexOf(':', at + 1)) {
    if (at > 0) scopes.push(name.slice(0, at));
  }
  return scopes;
}
