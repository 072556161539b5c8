import { describe, expect, it } from 'vitest';
import { memoryFacts } from './shard-memory.ts';

const info = (fields: Record<string, string | number>) =>
  ['# Memory', ...Object.entries(fields).map(([name, value]) => `${name}:${value}`), ''].join('\r\n');

const full = {
  used_memory: 9_000,
  used_memory_human: '9K',
  used_memory_rss: 12_000,
  maxmemory: 10_000,
  maxmemory_policy: 'allkeys-lru',
  mem_fragmentation_ratio: 1.33,
  mem_not_counted_for_evict: 1_000,
  evicted_keys: 7,
};

describe('what a node says about its memory', () => {
  it('is compared with its limit without what the server does not count', () => {
    expect(memoryFacts(info(full))).toEqual({
      usedBytes: 8_000,
      maxBytes: 10_000,
      ratio: 0.8,
      policy: 'allkeys-lru',
      fragmentation: 1.33,
      rssBytes: 12_000,
      evictedKeys: 7,
    });
  });

  it('has a ratio of 0 without a limit', () => {
    expect(memoryFacts(info({ ...full, maxmemory: 0 }))).toMatchObject({ maxBytes: 0, ratio: 0 });
  });

  it('is nothing when it has nothing about memory in it', () => {
    expect(memoryFacts('# Server\r\nredis_version:7.0.15\r\n')).toBeUndefined();
    expect(memoryFacts('')).toBeUndefined();
  });
});
