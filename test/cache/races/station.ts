import { Cache } from '@keyslot/cache';
import { type FaultsOfClient, FaultyClient } from './faulty-client.ts';

/** One cache on a client of its own. */
export interface Station {
  readonly index: number;
  readonly cache: Cache;
  readonly client: FaultyClient;

  /** How long copies live in its memory, in milliseconds; 0: it keeps none. */
  readonly localMs: number;
}

/** Of the caches one after the other. */
const LOCAL_MS = [1_000, 0, 100, 100] as const;

export function openStation(index: number, how: FaultsOfClient): Station {
  const client = new FaultyClient(how);
  const localMs = LOCAL_MS[index % LOCAL_MS.length] ?? 0;
  const cache = new Cache({
    client,
    // So short that some expire while their holder is busy.
    lease: '300ms',
    wait: '2s',
    loaders: { concurrency: 100_000 },
    local: localMs === 0 ? false : { ttl: localMs },
  });
  return { index, cache, client, localMs };
}
