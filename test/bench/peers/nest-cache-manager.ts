import KeyvRedis, { createCluster, Keyv } from '@keyv/redis';
import { CACHE_MANAGER, type Cache, CacheModule } from '@nestjs/cache-manager';
import { NestFactory } from '@nestjs/core';
import type { Place } from './database.ts';
import { type Peer, TTL_MS } from './peer.ts';

/** What Nest injects as its cache, with a Redis store only. */
export const nestCacheManager: Peer = {
  name: '@nestjs/cache-manager',
  package: '@nestjs/cache-manager',
  calls: { read: 'wrap', many: 'mget' },
  async open({ addresses, database, complain }) {
    const client = createCluster({
      rootNodes: addresses.map(({ host, port }) => ({ url: `redis://${host}:${port}` })),
    });
    client.on('error', complain);
    await client.connect();
    const store = new Keyv(new KeyvRedis(client), { namespace: 'nest', useKeyPrefix: false });
    store.on('error', complain);
    const context = await NestFactory.createApplicationContext(
      CacheModule.register({ stores: [store], ttl: TTL_MS }),
      { logger: false },
    );
    const cache = context.get<Cache>(CACHE_MANAGER);
    return {
      read: (id) => {
        const key = `{${id}}`;
        return () => cache.wrap(key, () => database.load(id));
      },
      readMany: (ids) => {
        const keys = ids.map((id) => `{${id}}`);
        return () => cache.mget<Place>(keys);
      },
      async [Symbol.asyncDispose]() {
        await context.close();
      },
    };
  },
};
