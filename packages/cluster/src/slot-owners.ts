import type { Cluster } from 'ioredis';

const SLOTS = 16_384;

/** Who owned each slot when the topology was last looked at, by address. */
export class SlotOwners {
  readonly #cluster: Cluster;
  readonly #owners = new Array<string | undefined>(SLOTS).fill(undefined);

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.changes();
  }

  /** The slots that passed from one owner to another since the last look. */
  changes(): ReadonlySet<number> {
    const changed = new Set<number>();
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = this.#cluster.slots[slot]?.[0];
      const before = this.#owners[slot];
      if (owner === before || owner === undefined) continue;
      if (before !== undefined) changed.add(slot);
      this.#owners[slot] = owner;
    }
    return changed;
  }
}
