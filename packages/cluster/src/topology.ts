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

/** The shard that has a slot. */
export function ownerOf(slot: number, { shards }: Topology): ShardTopology | undefined {
  return shards.find(({ slots }) => slots.some(([from, to]) => from <= slot && slot <= to));
}

/** Nothing is known yet. */
export const UNKNOWN: Topology = { shards: [], nodes: new Map(), changes: [] };

/** Who owned each slot last, as of a topology: one that nobody serves for a while still moves from there. */
const lastOwners = new WeakMap<Topology, readonly (string | undefined)[]>();

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
  const owners = [...(lastOwners.get(before) ?? [])];
  const moves = [...slotMoves(shards, owners)];
  const changes = before === UNKNOWN ? [] : [...nodeChanges(before.nodes, nodes), ...moves];
  const next = { shards, nodes, changes };
  lastOwners.set(next, owners);
  return next;
}

/** Whether the same nodes serve the same slots. */
export function isSame(a: Topology, b: Topology): boolean {
  return JSON.stringify(a.shards) === JSON.stringify(b.shards);
}

type Nodes = Topology['nodes'];

function* nodeChanges(had: Nodes, has: Nodes): Generator<TopologyChange> {
  for (const [address, id] of has) if (had.get(address) !== id) yield { kind: 'node-joined', id, address };
  for (const [address, id] of had) if (has.get(address) !== id) yield { kind: 'node-left', id, address };
}

/** What has moved since `owners` was true, which it is again afterwards. */
function* slotMoves(
  shards: readonly ShardTopology[],
  owners: (string | undefined)[],
): Generator<TopologyChange> {
  const moved = new Map<string, number>();
  for (const { id, slots } of shards) {
    for (const [from, to] of slots) {
      for (let slot = from; slot <= to; slot++) {
        const owner = owners[slot];
        owners[slot] = id;
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
