import { createCache } from 'async-cache-dedupe';
import { Cluster, type Redis } from 'ioredis';
import { allAtOnce, type OpenPeer, type Peer, TTL_MS } from './peer.ts';

/** A function defined on its Redis storage; it has no read of several keys. */
export const asyncCacheDedupe: Peer = {
  name: 'async-cache-dedupe',
  package: 'async-cache-dedupe',
  calls: { read: 'defined function', many: '100 × defined function at once' },
  async open({ addresses, database, complain }) {
    const cluster = new Cluster([...addresses]);
    cluster.on('error', complain);
    const silent = () => undefined;
    const log = { debug: silent, warn: silent, error: complain };
    const cache = createCache({
      ttl: TTL_MS / 1_000,
      // Typed for a single server; what it calls is the same on a cluster.
      storage: { type: 'redis', options: { client: cluster as unknown as Redis, log } },
      onError: complain,
    }).define('place', (key: string) => database.load(key.slice(1, -1)));
    const peer: OpenPeer = {
      read: (id) => {
        const key = `{${id}}`;
        return () => cache.place(key);
      },
      readMany: (ids) => allAtOnce(peer, ids),
      async [Symbol.asyncDispose]() {
        cluster.disconnect();
      },
    };
    return peer;
  },
};
