import { setTimeout as sleep } from 'node:timers/promises';
import type { TestCluster } from './test-cluster.ts';

/** How long work that a test started, and did not wait for, may take to give its leases back, in milliseconds. */
const GRACE_MS = 1000;

/** Keys that no test may leave behind. */
export interface Violations {
  readonly withoutExpiry: readonly string[];
  readonly leases: readonly string[];
}

/** Brings every node back, finds what was left behind, and removes it. */
export async function violations(cluster: TestCluster): Promise<Violations> {
  await cluster.heal();
  const withoutExpiry = await cluster.keysWithoutExpiry();

  const end = performance.now() + GRACE_MS;
  let leases = await cluster.leases();
  while (leases.length > 0 && performance.now() < end) {
    await sleep(20);
    leases = await cluster.leases();
  }
  for (const key of new Set([...withoutExpiry, ...leases])) await cluster.primaryOf(key).admin.del(key);
  return { withoutExpiry, leases };
}
