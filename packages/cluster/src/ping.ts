import type { Redis } from 'ioredis';
import { DeadlineExceededError } from './errors.ts';

/** Rejects when a node does not answer a ping in time; its connection is then good for nothing yet. */
export async function ping(node: Redis, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new DeadlineExceededError('PING', withinMs, 'unknown')),
      Math.max(1, withinMs),
    );
  });
  try {
    await Promise.race([node.ping(), late]);
  } finally {
    clearTimeout(timer);
  }
}
