/**
 * How full the memory of a shard's primary is, as it said itself. There is none of a primary that has not said anything
 * yet.
 */
export interface ShardMemory {
  /** The primary's node id, as in the topology. */
  readonly shard: string;

  /** The primary's `host:port`, as this process reaches it. */
  readonly address: string;

  /**
   * What counts against the limit, in bytes: `used_memory` without `mem_not_counted_for_evict`, the buffers of
   * replicas. The server compares the same figure before it evicts or refuses.
   */
  readonly usedBytes: number;

  /** The limit (`maxmemory`), in bytes; 0 for none. */
  readonly maxBytes: number;

  /** `usedBytes` as a part of `maxBytes`: 1 is full, and a little more is possible. 0 when there is no limit. */
  readonly ratio: number;

  /** What the server does when it is full (`maxmemory_policy`): `allkeys-lru`, `noeviction`, … */
  readonly policy: string;

  /** What the system gave as a part of what is used (`mem_fragmentation_ratio`). Well above 1 is waste. */
  readonly fragmentation: number;

  /** What the system gave, in bytes (`used_memory_rss`). */
  readonly rssBytes: number;

  /** How many keys were evicted since the server started. */
  readonly evictedKeys: number;

  /** When this was read, by this process's clock, in milliseconds since 1970. */
  readonly at: number;

  /**
   * How old this was when it was told, in milliseconds: 0 for what was just read, more for a node that could not be
   * asked since.
   */
  readonly ageMs: number;
}

/** What INFO says about memory, without whose it is and when it was read. */
export type MemoryFacts = Omit<ShardMemory, 'shard' | 'address' | 'at' | 'ageMs'>;

/** The sections of INFO that {@link memoryFacts} reads. */
export const SECTIONS = ['memory', 'stats'] as const;

/** Reads the answer to `INFO memory stats`; `undefined` when it says nothing about memory. */
export function memoryFacts(info: string): MemoryFacts | undefined {
  const fields = new Map(
    info.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
  const figure = (name: string) => Number(fields.get(name) ?? 0);
  const policy = fields.get('maxmemory_policy');
  if (policy === undefined || !fields.has('used_memory')) return undefined;
  const usedBytes = Math.max(0, figure('used_memory') - figure('mem_not_counted_for_evict'));
  const maxBytes = figure('maxmemory');
  return {
    usedBytes,
    maxBytes,
    ratio: maxBytes === 0 ? 0 : usedBytes / maxBytes,
    policy,
    fragmentation: figure('mem_fragmentation_ratio'),
    rssBytes: figure('used_memory_rss'),
    evictedKeys: figure('evicted_keys'),
  };
}
