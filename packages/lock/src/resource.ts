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

/**
 * @param where - what errors call the argument
 * @throws {InvalidResourceError}
 */
export function lockKeyOf(kind: ResourceKind, prefix: string, resource: Resource, where?: string): LockKey {
  if (typeof resource === 'string') {
    if (resource.length === 0 || resource.length > LONGEST)
      throw new InvalidResourceError(`a text of ${resource.length} characters`, where);
    const { text, template, slot } = byName[kind]({ resource });
    // The prefix has no brace: the hash tag, and with it the slot, stays.
    return { text: prefix + text, template, slot };
  }
  if (typeof resource?.text !== 'string' || typeof resource.template !== 'string')
    throw new InvalidResourceError(kindOf(resource), where);
  const text = `${prefix}${kind}:of:${resource.text}`;
  const slot = resource.hashTag === undefined ? slotOf(text) : resource.slot;
  return { text, template: resource.template, slot };
}

/** @throws {InvalidResourceError} for what is no list of one or more, which a single text is not either. */
export function resourcesOf(resources: readonly Resource[]): Resource[] {
  if (!Array.isArray(resources) || resources.length === 0)
    throw new InvalidResourceError(kindOf(resources), 'resources', 'an array of one resource or more');
  // A hole is `undefined` here, and refused as that.
  return Array.from<Resource>(resources);
}

/** What a value is like, without telling it. */
function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
