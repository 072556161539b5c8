import { SLOT_COUNT, slotOf } from '@keyslot/keys';

/** The shortest texts found so far that lie in each slot. */
const tags: (string | undefined)[] = new Array<string | undefined>(SLOT_COUNT).fill(undefined);
let next = 0;

/**
 * The shard channel on which those who wait for a lease in a slot are told that it has ended. It lies in that slot, so
 * that the script that ends the lease may publish there. All tags together take some hundredths of a second to find.
 */
export function wakeChannelOf(slot: number): string {
  return `keyslot:w:{${tagOf(slot)}}`;
}

/** A short hash tag that lies in a slot. */
export function tagOf(slot: number): string {
  return tags[slot] ?? search(slot);
}

function search(wanted: number): string {
  for (;;) {
    const tag = (next++).toString(36);
    const slot = slotOf(tag);
    tags[slot] ??= tag;
    if (slot === wanted) return tag;
  }
}
