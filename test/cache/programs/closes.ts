/**
 * Uses a cache, closes it and its client, and then has nothing left to do: it ends only if nothing was left behind.
 * Its arguments are the ports of a cluster, or of nobody.
 */
import { Cache } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { rawKey } from '@keyslot/keys';

const nodes = process.argv.slice(2).map((port) => ({ host: '127.0.0.1', port: Number(port) }));
const client = new ClusterClient({ nodes, deadline: 250 });
const cache = new Cache({ client, ttl: '1m', deleteWithin: '1m', wait: '1m' });
const key = rawKey<string>(`closes:${process.pid}`);

await cache.getOrSet(key, () => 'Wien');
await cache.getOrSet(key, () => 'Wien');
const underWay = [cache.delete(key), cache.getOrSet(rawKey<string>(`${key.text}:other`), () => 'Graz')];
await cache.close();
await Promise.all(underWay);
await client.close();
console.log('closed');
