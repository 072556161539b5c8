import type { Cluster, Redis } from 'ioredis';

/** The connections that ioredis keeps, by address, so that a slot's node is one look-up away. */
export class NodeTable {
  readonly #cluster: Cluster;
  readonly #byAddress = new Map<string, Redis>();
  readonly #added = (node: Redis) => void this.#byAddress.set(addressOf(node), node);
  readonly #removed: (node: Redis) => void;

  constructor(cluster: Cluster, onLost: (node: Redis) => void) {
    this.#cluster = cluster;
    this.#removed = (node) => {
      const address = addressOf(node);
      if (this.#byAddress.get(address) === node) this.#byAddress.delete(address);
      onLost(node);
    };
    for (const node of cluster.nodes('all')) this.#added(node);
    cluster.on('+node', this.#added);
    cluster.on('-node', this.#removed);
  }

  /** The primary's connection, if there is one that can be used. */
  primaryOf(slot: number): Redis | undefined {
    return this.at(this.#cluster.slots[slot]?.[0]);
  }

  /** A replica's connection, or the primary's when the shard has no replica, as after a failover. */
  replicaOf(slot: number): Redis | undefined {
    const addresses = this.addressesOf(slot);
    for (let i = 1; i < addresses.length; i++) {
      const node = this.#byAddress.get(addresses[i] as string);
      if (node !== undefined) return node;
    }
    return this.primaryOf(slot);
  }

  /** The connection to an address, if there is one. */
  at(address: string | undefined): Redis | undefined {
    return address === undefined ? undefined : this.#byAddress.get(address);
  }

  /**
   * A random node, connected if there is one, so that one bad node is not asked again and again.
   *
   * @param but - an address to keep away from while there are others
   */
  any(but?: string): Redis | undefined {
    const all = [...this.#byAddress.values()];
    const others = all.filter((node) => addressOf(node) !== but);
    const nodes = others.length > 0 ? others : all;
    const ready = nodes.filter(({ status }) => status === 'ready');
    const candidates = ready.length > 0 ? ready : nodes;
    return candidates[Math.floor(Math.random() * candidates.length)];
  }

  /** The addresses of one slot's nodes, the primary's first. */
  addressesOf(slot: number): readonly string[] {
    return this.#cluster.slots[slot] ?? [];
  }

  close(): void {
    this.#cluster.off('+node', this.#added);
    this.#cluster.off('-node', this.#removed);
    this.#byAddress.clear();
  }
}

/** How ioredis names a node. */
export function addressOf({ options }: Redis): string {
  return `${options.host ?? '127.0.0.1'}:${options.port ?? 6379}`;
}
