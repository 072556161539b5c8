import type { KeyLike } from '@keyslot/cluster';
import { type AnyKey, key, slotOf } from '@keyslot/keys';
import { InvalidResourceError } from './errors.ts';

/**
 * What is locked: a name, or a key, in whose slot the lock then lies and by whose template errors call it. A name and
 * a key are never the same resource.
 */
export type Resource = string | AnyKey;

/** A lock's key as the cluster sees it. */
export type LockKey = Exclude<KeyLike, string>;

/** What kinds of resource there are; each has names of its own. */
export type ResourceKind = 'lock' | 'semaphore';

const LONGEST = 1_000;
const byName = { lock: key('lock:{<resource>}'), semaphore: key('semaphore:{<resource>}') } as const;

/** @throws {InvalidResourceError} */
export function lockKeyOf(kind: ResourceKind, prefix: string, resource: Resource): LockKey {
  if (typeof resource === 'string') {
    if (resource.length === 0 || resource.length > LONGEST)
      throw new InvalidResourceError(`a text of ${resource.length} characters`);
    const { text, template, slot } = byName[kind]({ resource });
    // The prefix has no brace: the hash tag, and with it the slot, stays.
    return { text: prefix + text, template, slot };
  }
  if (typeof resource?.text !== 'string') throw new InvalidResourceError(`a ${typeof resource}`);
  const text = `${prefix}${kind}:of:${resource.text}`;
  const slot = resource.hashTag === undefined ? slotOf(text) : resource.slot;
  return { text, template: resource.template, slot };
}
