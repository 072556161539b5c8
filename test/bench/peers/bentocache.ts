import { BentoCache, bentostore } from 'bentocache';
import { redisDriver } from 'bentocache/drivers/redis';
import { Cluster } from 'ioredis';
import { allAtOnce, type OpenPeer, type Peer, TTL_MS } from './peer.ts';

/**
 * A store with a Redis layer and no memory layer; it has no read of several keys. It asks for ioredis 5, and is given
 * the 6 that all others have: what it calls is the same there.
 */
export const bentocache: Peer = {
  name: 'bentocache',
  package: 'bentocache',
  calls: { read: 'getOrSet', many: '100 × getOrSet at once' },
  async open({ addresses, database, complain }) {
    const connection = new Cluster([...addresses]);
    connection.on('error', complain);
    const bento = new BentoCache({
      default: 'places',
      stores: { places: bentostore().useL2Layer(redisDriver({ connection })) },
      ttl: TTL_MS,
    });
    const peer: OpenPeer = {
      read: (id) => {
        const key = `{${id}}`;
        return () => bento.getOrSet({ key, factory: () => database.load(id) });
      },
      readMany: (ids) => allAtOnce(peer, ids),
      async [Symbol.asyncDispose]() {
        await bento.disconnectAll();
      },
    };
    return peer;
  },
};
