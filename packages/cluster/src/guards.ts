import type { Cluster, Redis } from 'ioredis';
import type { BreakerState } from './breaker.ts';
import type { Call } from './call.ts';
import { Guard } from './guard.ts';
import type { Policy } from './policy.ts';
import type { SlotTable } from './slot-table.ts';

/** Who is told what happens to nodes. */
export interface GuardsListener {
  /** A connection was lost, and with it the place of those that waited there. */
  onLost(guard: Guard, waiting: readonly Call[]): void;

  onBreaker(guard: Guard, state: BreakerState): void;
}

/** The guard of every node that ioredis is or was connected to, by address. */
export class Guards {
  readonly #cluster: Cluster;
  readonly #slots: SlotTable;
  readonly #policy: Policy;
  readonly #listener: GuardsListener;
  readonly #byAddress = new Map<string, Guard>();
  readonly #added = (node: Redis) => this.#add(node);
  readonly #removed = (node: Redis) => this.#remove(node);

  constructor(cluster: Cluster, slots: SlotTable, policy: Policy, listener: GuardsListener) {
    this.#cluster = cluster;
    this.#slots = slots;
    this.#policy = policy;
    this.#listener = listener;
    for (const node of cluster.nodes('all')) this.#add(node);
    cluster.on('+node', this.#added);
    cluster.on('-node', this.#removed);
  }

  /** The node that a call goes to, if it is connected. */
  forCall(call: Call): Guard | undefined {
    const { slot, readFrom, failures } = call;
    if (slot === undefined) return this.any();
    if (readFrom === 'primary') return this.primaryOf(slot);
    // Another one for each call, and for each attempt of a call: one that refuses may have a neighbour that does not.
    const replica = this.#replicaOf(slot, call.madeAs + failures);
    // After a failover the shard may have no replica, and one that has failed is not asked twice.
    const isPrimaryNext = replica === undefined || (readFrom === 'prefer-replica' && failures > 0);
    return isPrimaryNext ? this.primaryOf(slot) : replica;
  }

  /** A replica has had its half of a read's time. Says whether the read is to be sent to the primary now. */
  turnToPrimary(call: Call): boolean {
    call.readFrom = 'primary';
    const { guard } = call;
    // Without a replica it is with the primary already, sent or waiting for its place.
    if (call.isParked || (guard !== undefined && guard === this.forCall(call))) return false;
    // An answer that still comes is welcome.
    guard?.unanswered(call, true);
    call.isRetry = call.written > 0;
    return true;
  }

  /** The slot's primary, if it is connected. */
  primaryOf(slot: number): Guard | undefined {
    return this.at(this.#slots.primaryOf(slot));
  }

  /** A replica of the slot's shard that takes calls, if there is one; each has its turn. */
  #replicaOf(slot: number, turn: number): Guard | undefined {
    const addresses = this.#slots.nodesOf(slot);
    const replicas = addresses.length - 1;
    for (let i = 0; i < replicas; i++) {
      const guard = this.at(addresses[1 + ((turn + i) % replicas)]);
      if (guard?.breaker.state === 'closed') return guard;
    }
    return undefined;
  }

  /** The node at an address, if it is connected. */
  at(address: string | undefined): Guard | undefined {
    if (address === undefined) return undefined;
    const guard = this.#byAddress.get(address);
    return guard?.node === undefined ? undefined : guard;
  }

  /**
   * A random node, connected if there is one, so that one bad node is not asked again and again.
   *
   * @param but - an address to keep away from while there are others
   */
  any(but?: string): Guard | undefined {
    const all = [...this.#byAddress.values()].filter(({ node }) => node !== undefined);
    const healthy = all.filter(({ breaker }) => breaker.state === 'closed');
    const others = (healthy.length > 0 ? healthy : all).filter(({ address }) => address !== but);
    const nodes = others.length > 0 ? others : all;
    const ready = nodes.filter(({ node }) => node?.status === 'ready');
    const candidates = ready.length > 0 ? ready : nodes;
    return candidates[Math.floor(Math.random() * candidates.length)];
  }

  /** The guards of all primaries that own slots, connected or not. */
  primaries(): Guard[] {
    const addresses = this.#slots.primaries();
    return [...this.#byAddress.values()].filter(({ address }) => addresses.has(address));
  }

  /** With most of the primaries in trouble the trouble is likely here: the others pass a probe first, too. */
  verifyWhenMostAreOpen(): void {
    const primaries = this.primaries();
    const open = primaries.filter(({ breaker }) => breaker.state !== 'closed').length;
    if (open * 2 > primaries.length) for (const { breaker } of primaries) breaker.verify();
  }

  /** Takes note of node ids, and forgets nodes that are no longer part of the cluster. */
  identify(ids: ReadonlyMap<string, string>): void {
    for (const [address, guard] of this.#byAddress) {
      const id = ids.get(address);
      if (id === undefined && guard.node === undefined) this.#forget(guard);
      else if (id !== undefined && guard.id === guard.address) guard.id = id;
      else if (id !== undefined && guard.id !== id) this.#replace(guard, id);
    }
  }

  close(): void {
    this.#cluster.off('+node', this.#added);
    this.#cluster.off('-node', this.#removed);
    for (const guard of this.#byAddress.values()) guard.close();
    this.#byAddress.clear();
  }

  #add(node: Redis): void {
    const address = addressOf(node);
    const known = this.#byAddress.get(address);
    if (known !== undefined) known.connect(node);
    else this.#byAddress.set(address, this.#newGuard(address, node));
  }

  #remove(node: Redis): void {
    const guard = this.#byAddress.get(addressOf(node));
    if (guard === undefined || guard.node !== node) return;
    this.#listener.onLost(guard, guard.disconnected());
  }

  /** Another node lives at the address: nothing of the old one's troubles is its own. */
  #replace(guard: Guard, id: string): void {
    const { address, node } = guard;
    const waiting = guard.disconnected();
    this.#forget(guard);
    if (node !== undefined) {
      const fresh = this.#newGuard(address, node);
      fresh.id = id;
      this.#byAddress.set(address, fresh);
    }
    this.#listener.onLost(guard, waiting);
  }

  #forget(guard: Guard): void {
    this.#byAddress.delete(guard.address);
    guard.close();
  }

  #newGuard(address: string, node: Redis): Guard {
    return new Guard(address, node, this.#policy, (guard, state) => this.#listener.onBreaker(guard, state));
  }
}

/** How ioredis names a node. */
export function addressOf({ options }: Redis): string {
  return `${options.host ?? '127.0.0.1'}:${options.port ?? 6379}`;
}
