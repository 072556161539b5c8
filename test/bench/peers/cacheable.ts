import KeyvRedis, { createCluster, Keyv } from '@keyv/redis';
import { Cacheable } from 'cacheable';
import type { Place } from './database.ts';
import { type Peer, TTL_MS } from './peer.ts';

/** Its Redis adapter as the only store, over node-redis' cluster client, as the adapter's documentation has it. */
export const cacheable: Peer = {
  name: 'cacheable',
  package: 'cacheable',
  calls: { read: 'getOrSet', many: 'getMany' },
  async open({ addresses, database, complain }) {
    const rootNodes = addresses.map(({ host, port }) => ({ url: `redis://${host}:${port}` }));
    const client = createCluster({ rootNodes });
    client.on('error', complain);
    await client.connect();
    const primary = new Keyv(new KeyvRedis(client), { namespace: 'cacheable', useKeyPrefix: false });
    primary.on('error', complain);
    const cache = new Cacheable({ primary, ttl: TTL_MS });
    cache.on('error', complain);
    return {
      read: (id) => {
        const key = `{${id}}`;
        return () => cache.getOrSet(key, () => database.load(id));
      },
      readMany: (ids) => {
        const keys = ids.map((id) => `{${id}}`);
        return () => cache.getMany<Place>(keys);
      },
      async [Symbol.asyncDispose]() {
        await cache.disconnect();
      },
    };
  },
};
