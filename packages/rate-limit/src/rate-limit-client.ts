import type { ClusterClient } from '@keyslot/cluster';

/** What a limiter needs of a client: a `ClusterClient` has it, and so has a `MemoryRateLimitClient`. */
export type RateLimitClient = Pick<ClusterClient, 'run' | 'delete' | 'call' | 'publish' | 'subscribe'>;
