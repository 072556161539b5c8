import { InvalidOptionError } from '@keyslot/kernel';
import { type AnyKey, slotOf } from '@keyslot/keys';
import type { ClusterKey } from './cluster-key.ts';
import { TenantKey } from './tenant.ts';

const ALLOWED = /^[\w.~-]{1,100}$/;

/** What the option `namespace` decides. */
export interface NamespaceNames {
  /** Before every key. */
  readonly prefix: string;

  /** Where processes tell each other what they deleted. */
  readonly channel: string;
}

/** @throws {InvalidOptionError} for a namespace that could be mistaken for something else. */
export function namesOf(namespace: string | undefined): NamespaceNames {
  if (namespace !== undefined && !(typeof namespace === 'string' && ALLOWED.test(namespace))) {
    throw new InvalidOptionError('namespace', namespace, '1 to 100 letters, digits, and . _ ~ -');
  }
  return {
    prefix: namespace === undefined ? '' : `${namespace}:`,
    channel: `keyslot:${namespace ?? ''}:invalidations`,
  };
}

const AT = 0x40;

/** Before those of the cache's own keys that could be mistaken for a tenant's. */
const OWN = '@:';

/**
 * Between the keys of an application and those in the cluster: a prefix keeps caches apart, and inside it a second one
 * their tenants.
 *
 * ```
 *   key                  whose             id                            in the cluster
 *   places:{place:42}    the cache's own   places:{place:42}             shop:places:{place:42}
 *   places:{place:42}    tenant acme's     @acme:places:{place:42}       shop:@acme:places:{place:42}
 *   @acme:x              the cache's own   @:@acme:x                     shop:@:@acme:x
 *   @acme:x              tenant a/b's      @a%2Fb:@acme:x                shop:@a%2Fb:@acme:x
 * ```
 *
 * What begins with `@` says up to its first colon whose it is, and no tenant's id is encoded as nothing. So different
 * keys, and the same key of different tenants, never meet. No prefix holds a brace: a key's own hash tag decides its
 * slot, and without one the whole text does.
 */
export class Namespace {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * By which this process knows the key: in memory, in flights, in doubts. Never `key.text`, which all tenants may have
   * in common; it is that text for nearly all of the cache's own keys, and then nothing is made.
   */
  localId(key: AnyKey): string {
    const { text } = key;
    return text.charCodeAt(0) === AT && !(key instanceof TenantKey) ? OWN + text : text;
  }

  inCluster(key: AnyKey): ClusterKey {
    const id = this.localId(key);
    const text = this.#prefix + id;
    if (text === key.text) return key;
    return { text, template: key.template, slot: key.hashTag === undefined ? slotOf(text) : key.slot };
  }

  /** The id of a key by its text in the cluster, whose ever it is. */
  idOf(text: string): string {
    return text.slice(this.#prefix.length);
  }

  /** Whether a text that somebody claims is a key's is one of this namespace, its own or a tenant's. */
  has(text: string): boolean {
    if (!text.startsWith(this.#prefix) || text.length === this.#prefix.length) return false;
    return text.charCodeAt(this.#prefix.length) !== AT || text.includes(':', this.#prefix.length);
  }

  /** A key of which only its id is known. Its slot is found out when it is asked for. */
  keyOf(id: string, template: string): ClusterKey {
    const text = this.#prefix + id;
    return {
      text,
      template,
      get slot() {
        return slotOf(text);
      },
    };
  }
}
