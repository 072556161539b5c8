import type { TestCluster, TestNode } from '@keyslot/testkit';

/** A user of the servers who may or may not subscribe, so that a test decides when its messages arrive. */
export const LISTENER = { username: 'listener', password: 'secret' };

export async function letListen(cluster: TestCluster, may: boolean): Promise<void> {
  const rules = ['on', '>secret', '~*', '&*', '+@all', may ? '+subscribe' : '-subscribe'];
  for (const { admin } of cluster.nodes) await admin.call('ACL', 'SETUSER', LISTENER.username, ...rules);
}

/** Ends the connections on which messages arrive, on every node. */
export async function cutSubscribers(cluster: TestCluster): Promise<void> {
  for (const { admin } of cluster.nodes) await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
}

/**
 * A primary in whose shard nobody listens. A message passes from node to node over the cluster's own links: who listens
 * at a node that is cut off with its shard is told only after it has gone elsewhere.
 */
export async function primaryWithoutListeners(cluster: TestCluster): Promise<TestNode> {
  for (const primary of cluster.primaries) {
    const shard = [primary, ...cluster.replicasOf(primary)];
    const lists = await Promise.all(shard.map(({ admin }) => admin.client('LIST')));
    if (!lists.some((list) => / s?sub=[1-9]/.test(String(list)))) return primary;
  }
  throw new Error('Somebody listens in every shard');
}
