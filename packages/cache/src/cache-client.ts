import type { ClusterClient } from '@keyslot/cluster';
import type { MemorySource } from './write-guard.ts';

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
