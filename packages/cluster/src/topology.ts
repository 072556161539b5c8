/** One shard: the slots that a primary owns, and the replicas that follow it. */
export interface ShardTopology {
  /** The primary's node id, which outlives its address. */
  readonly id: string;

  /** `host:port`, as this process reaches it. */
  readonly primary: string;
  readonly replicas: readonly string[];

  /** From and to, both included. */
  readonly slots: readonly (readonly [from: number, to: number])[];
}

/** What is different from the topology before. Each change is told once. */
export type TopologyChange =
  | { readonly kind: 'node-joined' | 'node-left'; readonly id: string; readonly address: string }
  | { readonly kind: 'slots-moved'; readonly from: string; readonly to: string; readonly slots: number };

/** Who serves what, and what has changed. */
export interface Topology {
  readonly shards: readonly ShardTopology[];

  /** The id of every node that serves slots, by its address. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly changes: readonly TopologyChange[];
}

/** A line of CLUSTER SLOTS with addresses as this process reaches them. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly nodes: readonly { readonly id: string; readonly address: string }[];
}

/** Nothing is known yet. */
export const UNKNOWN: Topology = { shards: [], nodes: new Map(), changes: [] };

/** The topology that CLUSTER SLOTS describes, and how it differs from the one before. */
export function topologyOf(ranges: readonly SlotRange[], before: Topology): Topology {
  const byPrimary = new Map<string, SlotRange[]>();
  for (const range of ranges) {
    const id = range.nodes[0]?.id;
    if (id === undefined) continue;
    const known = byPrimary.get(id);
    if (known === undefined) byPrimary.set(id, [range]);
    else known.push(range);
  }
  const shards = [...byPrimary].map(([id, own]): ShardTopology => {
    const [primary, ...replicas] = own[0]?.nodes ?? [];
    return {
      id,
      primary: primary?.address ?? '',
      replicas: replicas.map(({ address }) => address).sort(),
      slots: own.map(({ from, to }) => [from, to] as const),
    };
  });
  // Nodes tell the same in different orders.
  shards.sort((a, b) => (a.id < b.id ? -1 : 1));
  const nodes = new Map(
    ranges.flatMap((range) => range.nodes.map(({ id, address }) => [address, id] as const)),
  );
  const next = { shards, nodes, changes: [] };
  if (before === UNKNOWN) return next;
  return { ...next, changes: [...nodeChanges(before, next), ...slotChanges(before, next)] };
}

/** The shard that owns a slot. */
export function ownerOf({ shards }: Topology, slot: number): ShardTopology | undefined {
  return shards.find(({ slots }) => slots.some(([from, to]) => from <= slot && slot <= to));
}

/** Whether the same nodes serve the same slots. */
export function isSame(a: Topology, b: Topology): boolean {
  return JSON.stringify(a.shards) === JSON.stringify(b.shards);
}

function* nodeChanges({ nodes: had }: Topology, { nodes: has }: Topology): Generator<TopologyChange> {
  for (const [address, id] of has) if (had.get(address) !== id) yield { kind: 'node-joined', id, address };
  for (const [address, id] of had) if (has.get(address) !== id) yield { kind: 'node-left', id, address };
}

function* slotChanges(before: Topology, after: Topology): Generator<TopologyChange> {
  const owners = new Map<number, string>();
  for (const { id, slots } of before.shards) {
    for (const [from, to] of slots) for (let slot = from; slot <= to; slot++) owners.set(slot, id);
  }
  const moved = new Map<string, number>();
  for (const { id, slots } of after.shards) {
    for (const [from, to] of slots) {
      for (let slot = from; slot <= to; slot++) {
        const owner = owners.get(slot);
        if (owner === undefined || owner === id) continue;
        const way = `${owner} ${id}`;
        moved.set(way, (moved.get(way) ?? 0) + 1);
      }
    }
  }
  for (const [way, slots] of moved) {
    const [from = '', to = ''] = way.split(' ');
    yield { kind: 'slots-moved', from, to, slots };
  }
}
