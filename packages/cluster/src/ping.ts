import type { Redis } from 'ioredis';
import { answerWithin } from './within.ts';

/** Rejects when a node does not answer a ping in time; its connection is then good for nothing yet. */
export async function ping(node: Redis, withinMs: number): Promise<void> {
  await answerWithin(node.ping(), 'PING', withinMs);
}
