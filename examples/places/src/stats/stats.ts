/** What one instance of the service has done since it started. */
export interface Stats {
  /** Requests answered, whatever the answer. */
  readonly requests: number;

  /** Requests answered with a status of 500 and up. */
  readonly errors: number;

  readonly cache: CacheStats;
}

/** Where values came from. Every read of the cache is one of these. */
interface CacheStats {
  /** From this process' memory. */
  readonly localHits: number;

  /** From another caller in this process who was asking for the same. */
  readonly shared: number;

  /** From the cluster. */
  readonly clusterHits: number;

  /** From the database. */
  readonly loads: number;

  /** How many of the loads were kept nowhere: the shard was away, or had not yet confirmed that it forgot the value. */
  readonly loadsKeptNowhere: number;

  /** Changes after which an entry was evicted. */
  readonly invalidations: number;
}
