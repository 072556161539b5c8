import { Cluster } from 'ioredis';
import type { Place } from './database.ts';
import { allAtOnce, type OpenPeer, type Peer, TTL_MS } from './peer.ts';

/** What a service does that has no library: look, load, store, with the client's defaults. */
export const ioredis: Peer = {
  name: 'ioredis',
  package: 'ioredis',
  calls: { read: 'get; load and set', many: '100 × get at once' },
  async open({ addresses, database, complain }) {
    const cluster = new Cluster([...addresses]);
    cluster.on('error', complain);
    const peer: OpenPeer = {
      read: (id) => {
        const key = `ioredis:{${id}}`;
        return async () => {
          const found = await cluster.get(key);
          if (found !== null) return JSON.parse(found) as Place;
          const loaded = await database.load(id);
          await cluster.set(key, JSON.stringify(loaded), 'PX', TTL_MS);
          return loaded;
        };
      },
      readMany: (ids) => allAtOnce(peer, ids),
      async [Symbol.asyncDispose]() {
        cluster.disconnect();
      },
    };
    return peer;
  },
};
