import type { Cluster, Redis } from 'ioredis';
import { NotConnectedError } from './errors.ts';

/** Rejects when a node does not answer a ping in time; its connection is then good for nothing yet. */
export async function ping(node: Redis, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NotConnectedError(withinMs)), Math.max(1, withinMs));
  });
  try {
    await Promise.race([node.ping(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Ends ioredis's connections, whatever state they are in.
 *
 * The `Cluster` itself says `end` only if it has connections that can end: not while it looks for a first
 * node, nor while it waits to try again.
 */
export async function endOf(cluster: Cluster): Promise<void> {
  const ends = cluster
    .nodes('all')
    .filter(({ status }) => status !== 'end')
    // Not `events.once`: it rejects when the node, frozen perhaps, emits an error before it ends.
    .map((node) => new Promise<void>((resolve) => void node.once('end', () => resolve())));
  cluster.disconnect();
  await Promise.all(ends);
}
