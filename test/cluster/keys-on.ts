import type { TestCluster, TestNode } from '@keyslot/testkit';

/** Keys of their own slots that a node serves now. */
export function keysOn(cluster: TestCluster, node: TestNode, count: number, prefix: string): string[] {
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) {
    const key = `${prefix}:{${i}}`;
    if (cluster.primaryOf(key) === node) keys.push(key);
  }
  return keys;
}

/** The primaries that own slots. */
export function ownersOf(cluster: TestCluster): TestNode[] {
  return cluster.primaries.filter(({ slotCount }) => slotCount > 0);
}
