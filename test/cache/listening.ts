import type { TestCluster } from '@keyslot/testkit';

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
