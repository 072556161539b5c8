import { cachified as cached } from '@epic-web/cachified';
import { redisCacheAdapter } from 'cachified-redis-adapter';
import { createCluster } from 'redis';
import { allAtOnce, type OpenPeer, type Peer, TTL_MS } from './peer.ts';

/** Its Redis adapter over node-redis' cluster client; its batches are of loads, not of reads. */
export const cachified: Peer = {
  name: 'cachified',
  package: '@epic-web/cachified',
  calls: { read: 'cachified', many: '100 × cachified at once' },
  async open({ addresses, database, complain }) {
    const client = createCluster({
      rootNodes: addresses.map(({ host, port }) => ({ url: `redis://${host}:${port}` })),
    });
    client.on('error', complain);
    await client.connect();
    const cache = redisCacheAdapter(client);
    const peer: OpenPeer = {
      read: (id) => {
        const key = `cachified:{${id}}`;
        return () => cached({ cache, key, ttl: TTL_MS, getFreshValue: () => database.load(id) });
      },
      readMany: (ids) => allAtOnce(peer, ids),
      async [Symbol.asyncDispose]() {
        client.destroy();
      },
    };
    return peer;
  },
};
