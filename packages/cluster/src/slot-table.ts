import type { Cluster } from 'ioredis';

const SLOTS = 16_384;

/** The addresses of one shard's nodes, the primary's first. */
type Shard = readonly string[];

/**
 * Which nodes serve each slot, by address. Taken over from ioredis whenever it has asked the cluster, and
 * corrected slot by slot by redirects in between.
 *
 * ioredis's own table shares one array between all slots of a range, and a redirect of one slot sends all
 * of them to another node until the next refresh.
 */
export class SlotTable {
  readonly #cluster: Cluster;
  readonly #shards: (Shard | undefined)[] = new Array<Shard | undefined>(SLOTS).fill(undefined);

  /** Who owned each slot as of the last refresh: what changes are counted from. */
  readonly #owners: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined);

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.refresh();
  }

  primaryOf(slot: number): string | undefined {
    return this.#shards[slot]?.[0];
  }

  nodesOf(slot: number): Shard {
    return this.#shards[slot] ?? [];
  }

  /** The addresses of all that own slots. */
  primaries(): ReadonlySet<string> {
    const primaries = new Set<string>();
    for (const shard of new Set(this.#shards)) if (shard?.[0] !== undefined) primaries.add(shard[0]);
    return primaries;
  }

  /** A node says that another one has the slot. `'known'`: so did one before. */
  moved(slot: number, address: string): 'known' | 'new' {
    const shard = this.#shards[slot];
    if (shard !== undefined && shard[0] === address) return 'known';
    this.#shards[slot] = [address];
    return 'new';
  }

  /** Takes over what ioredis has learnt, and says which slots passed from one primary to another. */
  refresh(): ReadonlySet<number> {
    const changed = new Set<number>();
    const copies = new Map<readonly string[], Shard>();
    for (let slot = 0; slot < SLOTS; slot++) {
      const learnt = this.#cluster.slots[slot];
      // What is not known now was known before, and may still hold.
      if (learnt === undefined || learnt.length === 0) continue;
      let shard = copies.get(learnt);
      if (shard === undefined) {
        shard = [...learnt];
        copies.set(learnt, shard);
      }
      const before = this.#owners[slot];
      if (before !== undefined && before !== shard[0]) changed.add(slot);
      this.#owners[slot] = shard[0];
      this.#shards[slot] = shard;
    }
    return changed;
  }
}
