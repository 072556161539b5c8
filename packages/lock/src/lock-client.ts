import type { ClusterClient } from '@keyslot/cluster';

/** What locks need of a client: a `ClusterClient` has it, and so has a `MemoryLockClient`. */
export interface LockClient extends Pick<ClusterClient, 'run' | 'subscribeShard' | 'onOwnerChange'> {}
