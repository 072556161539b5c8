import type { ClusterNode } from 'ioredis';
import type { Topology } from './topology.ts';

/**
 * Where ioredis begins when it has no connection left: at the addresses that were configured, and at those that
 * the cluster had last. Without the latter a client whose configured nodes have all been replaced would serve on
 * until its connections break, and never again.
 */
export class Seeds {
  /** The array that ioredis reads each time it begins. */
  readonly nodes: ClusterNode[];
  readonly #configured: readonly ClusterNode[];

  constructor(configured: readonly ClusterNode[]) {
    this.#configured = configured;
    this.nodes = [...configured];
  }

  /** Takes note of the addresses that the cluster has now. */
  learn({ shards }: Topology): void {
    if (shards.length === 0) return;
    const addresses = new Set(shards.flatMap(({ primary, replicas }) => [primary, ...replicas]));
    this.nodes.splice(0, this.nodes.length, ...this.#configured, ...[...addresses].map(nodeAt));
  }
}

function nodeAt(address: string): ClusterNode {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
