import type { ClusterClient } from '@keyslot/cluster';
import { InvalidOptionError } from '@keyslot/kernel';

/** What a limiter needs of a client: a `ClusterClient` has it, and so has a `MemoryRateLimitClient`. */
export interface RateLimitClient
  extends Pick<ClusterClient, 'run' | 'delete' | 'call' | 'publish' | 'subscribe'> {
  /** Milliseconds of the clock that decides, where that is in this process: a stand-in's. Its limiters go by the same. */
  readonly now?: () => number;
}

/** @throws {InvalidOptionError} for what is no client, like an ioredis `Cluster` */
export function mustBeClient(client: unknown): void {
  if (typeof (client as Partial<RateLimitClient> | undefined | null)?.run !== 'function')
    throw new InvalidOptionError(
      'client',
      client,
      'a ClusterClient of @keyslot/cluster, or a MemoryRateLimitClient in unit tests; new ClusterClient({ cluster }) makes one of an ioredis Cluster',
    );
}
