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

/** Ends ioredis's connections, whatever state they are in. */
export function endOf(cluster: Cluster): Promise<void> {
  if (cluster.status === 'end') return Promise.resolve();
  return new Promise((resolve) => {
    cluster.once('end', () => resolve());
    cluster.disconnect();
  });
}
