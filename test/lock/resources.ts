import { randomUUID } from 'node:crypto';
import type { TestCluster, TestNode } from '@keyslot/testkit';

/** A resource that no other test uses. */
export function newResource(): string {
  return randomUUID();
}

/** The key of a resource's lock. */
export function lockKey(resource: string): string {
  return `lock:{${resource}}`;
}

/** One whose lock lies on a certain shard, by the primary that it has now. */
export function newResourceOn(cluster: TestCluster, primary: TestNode): string {
  for (let tries = 0; tries < 10_000; tries++) {
    const candidate = newResource();
    if (cluster.primaryOf(lockKey(candidate)) === primary) return candidate;
  }
  throw new Error(`${primary.toString()} serves no slot`);
}
