import { Cache } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { type Key, key } from '@keyslot/keys';
import type { Place } from './database.ts';
import { type Answer, type Peer, TTL_MS } from './peer.ts';

const template = key('keyslot:{<id>}').holds<Place>();

/** The engine's batch, where it has one: values, or an outcome with a value for each. */
interface Batches {
  readonly getMany?: (places: readonly Key<Place>[]) => Promise<readonly unknown[]>;
}

/** A cache without memory. */
export const keyslot: Peer = {
  name: 'keyslot',
  package: '@keyslot/cache',
  calls: { read: 'getOrSet', many: 'getMany' in Cache.prototype ? 'getMany' : '100 × get at once' },
  async open({ addresses, database }) {
    const client = new ClusterClient({ nodes: [...addresses] });
    const cache = new Cache({ client, ttl: TTL_MS, local: false });
    await cache.ready('20s');
    return {
      read: (id) => {
        const place = template({ id });
        return () => cache.getOrSet(place, () => database.load(id));
      },
      readMany: (ids) => {
        const places = ids.map((id) => template({ id }));
        const { getMany } = cache as Batches;
        if (getMany === undefined) return () => Promise.all(places.map((place) => cache.get(place)));
        return async () => (await getMany.call(cache, places)).map(valueOf);
      },
      async [Symbol.asyncDispose]() {
        await cache.close();
        await client.close();
      },
    };
  },
};

function valueOf(found: unknown): Answer {
  const isOutcome = typeof found === 'object' && found !== null && 'value' in found;
  return (isOutcome ? found.value : found) as Answer;
}
