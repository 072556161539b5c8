import { type AnyKey, key, slotOf } from '@keyslot/keys';
import { InvalidTenantError } from './errors.ts';

/** How long a tenant's id may be, as `length` counts. Every key holds it, percent-encoded. */
const MOST_CHARACTERS = 256;

const prefixOf = key('@<tenant>:');

/**
 * What stands before a tenant's keys: `@`, its id percent-encoded, `:`. Of letters, digits, `_ . ~ - %` and nothing
 * else between the two, so there is no brace, no colon and no glob in it, and no two ids have the same.
 *
 * @throws {InvalidTenantError} for what cannot be an id.
 */
export function tenantPrefixOf(id: string): string {
  if (typeof id !== 'string') throw new InvalidTenantError(`a value of type ${typeof id}`);
  if (id === '') throw new InvalidTenantError('an empty text');
  if (id.length > MOST_CHARACTERS) throw new InvalidTenantError(`a text of ${id.length} characters`);
  return prefixOf({ tenant: id }).text;
}

/**
 * A tenant's key, as the cache that all tenants share knows it. It is known by its class, not by its text: a key of the
 * application's own may have any text.
 */
export class TenantKey implements AnyKey {
  readonly text: string;
  readonly #inner: AnyKey;

  constructor(prefix: string, inner: AnyKey) {
    this.text = prefix + inner.text;
    this.#inner = inner;
  }

  get template(): string {
    return this.#inner.template;
  }

  /** That of the key itself: there is no brace before it. */
  get hashTag(): string | undefined {
    return this.#inner.hashTag;
  }

  get slot(): number {
    return this.#inner.hashTag === undefined ? slotOf(this.text) : this.#inner.slot;
  }
}

/** One of those who share a cache. */
export class Tenant {
  readonly #prefix: string;

  /** @throws {InvalidTenantError} for what cannot be an id. */
  constructor(id: string) {
    this.#prefix = tenantPrefixOf(id);
  }

  /** Its key of that name, for the cache that it shares. */
  keyOf<Each extends AnyKey>(inner: Each): Each {
    // What a key holds exists for the compiler only.
    return new TenantKey(this.#prefix, inner) as unknown as Each;
  }
}
