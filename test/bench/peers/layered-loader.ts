import { Cluster } from 'ioredis';
import { enrichRedisConfigOptimizedForCloud, Loader, RedisCache } from 'layered-loader';
import type { Place } from './database.ts';
import { type Peer, TTL_MS } from './peer.ts';

/** A loader over its Redis cache, without memory; its `getMany` answers in an order of its own. */
export const layeredLoader: Peer = {
  name: 'layered-loader',
  package: 'layered-loader',
  calls: { read: 'get', many: 'getMany' },
  async open({ addresses, database, complain }) {
    const cluster = new Cluster([...addresses], enrichRedisConfigOptimizedForCloud({}));
    cluster.on('error', complain);
    const loader = new Loader<Place>({
      inMemoryCache: false,
      asyncCache: new RedisCache<Place>(cluster, {
        json: true,
        ttlInMsecs: TTL_MS,
        prefix: 'layered-loader',
      }),
      cacheKeyFromValueResolver: ({ id }) => `{${id}}`,
      cacheUpdateErrorHandler: complain,
      loadErrorHandler: complain,
      dataSourceGetOneFn: (key) => database.load(key.slice(1, -1)),
      dataSourceGetManyFn: (keys) => Promise.all(keys.map((key) => database.load(key.slice(1, -1)))),
    });
    return {
      read: (id) => {
        const key = `{${id}}`;
        return () => loader.get(key);
      },
      readMany: (ids) => {
        const keys = ids.map((id) => `{${id}}`);
        return async () => {
          const found = new Map((await loader.getMany(keys)).map((place) => [place?.id, place]));
          return ids.map((id) => found.get(id));
        };
      },
      async [Symbol.asyncDispose]() {
        await loader.close();
        cluster.disconnect();
      },
    };
  },
};
