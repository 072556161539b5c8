import type { Cluster } from 'ioredis';

/** How many keys the primaries have found for anybody since they started: what a cluster hit cannot do without. */
export async function hitsOf(cluster: Cluster): Promise<number> {
  const stats = await Promise.all(cluster.nodes('master').map((node) => node.info('stats')));
  return stats.reduce((sum, text) => sum + Number(/keyspace_hits:(\d+)/.exec(text)?.[1]), 0);
}

/** How many keys the primaries hold. */
export async function sizeOf(cluster: Cluster): Promise<number> {
  const sizes = await Promise.all(cluster.nodes('master').map((node) => node.dbsize()));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Empties all primaries. */
export async function empty(cluster: Cluster): Promise<void> {
  await Promise.all(cluster.nodes('master').map((node) => node.flushall()));
}
