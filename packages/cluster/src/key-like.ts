import { isUtf8 } from 'node:buffer';
import { slotOf } from '@keyslot/keys';
import { Command } from 'ioredis';
import type { KeyLike } from './call-options.ts';
import { CrossSlotError } from './errors.ts';

export function textOf(key: KeyLike): string {
  return typeof key === 'string' ? key : key.text;
}

export function slotFor(key: KeyLike): number {
  return typeof key === 'string' ? slotOf(key) : key.slot;
}

/** The slot of a key as it goes over the wire. Bytes need not be text. */
export function slotOfArgument(key: string | Buffer): number {
  if (typeof key === 'string' || isUtf8(key)) return slotOf(String(key));
  return new Command('type', [key]).getSlot();
}

/** The slot that all keys of a script lie in. */
export function sharedSlot<Role extends string>(
  script: string,
  roles: readonly Role[],
  keys: Readonly<Record<Role, KeyLike>>,
): number | undefined {
  let shared: number | undefined;
  for (const role of roles) {
    const slot = slotFor(keys[role]);
    if (shared !== undefined && slot !== shared) {
      const listed = roles.map((each) => {
        const key: KeyLike = keys[each];
        return { role: each, template: typeof key === 'string' ? '<raw>' : key.template };
      });
      throw new CrossSlotError(`The script ${script}`, listed);
    }
    shared = slot;
  }
  return shared;
}

/**
 * The slot that all keys of a command lie in; `undefined` for a command without keys.
 *
 * @throws {CrossSlotError} when there are several.
 */
export function oneSlotOf(command: string, keys: readonly (string | Buffer)[]): number | undefined {
  const slots = new Set(keys.map(slotOfArgument));
  if (slots.size > 1) {
    const listed = keys.map((_, i) => ({ role: `key ${i + 1}`, template: '<raw>' }));
    throw new CrossSlotError(command, listed);
  }
  const [slot] = slots;
  return slot;
}
