import type { CallOptions, ClusterClient } from '@keyslot/cluster';
import type { MemorySource } from './write-guard.ts';

/** The caller has something better to do than to wait for a failover: a replica, or the loader. */
export const NOW: CallOptions = { whenOpen: 'reject' };

/**
 * What a cache needs of a client: a `ClusterClient` has it, and so has a `MemoryClient`. A command that a cache begins
 * to use is one more name here.
 */
export interface CacheClient
  extends MemorySource,
    Pick<
      ClusterClient,
      | 'ready'
      | 'getBuffer'
      | 'delete'
      | 'call'
      | 'batch'
      | 'run'
      | 'publish'
      | 'subscribe'
      | 'subscribeShard'
      | 'onOwnerChange'
    > {}
