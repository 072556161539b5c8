import type { ShardMemory } from '@keyslot/cluster';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { guardSettingsOf, type WriteGuardOptions, type WriteGuardSettings } from './guard-options.ts';
import { type MemorySource, WriteGuard } from './write-guard.ts';

const SLOT = 5;
const TTL = { slot: SLOT, ttlMs: 100_000 };
const SMALL = { ...TTL, bytes: 8_192 };
const LARGE = { ...TTL, bytes: 65_536 };
const HUGE = { ...TTL, bytes: 65_537 };

let now: number;
let memory: Partial<ShardMemory> | undefined;
let subscribers: number;
/** Slots 0 to 9 are one shard, 10 to 19 another, and so on. Nobody has 90. */
const client = {
  memory$: {
    subscribe: () => {
      subscribers++;
      return { unsubscribe: () => void subscribers-- };
    },
  },
  memoryOf: () => memory,
  slotOwner: (slot: number) => (slot >= 90 ? undefined : { id: `shard ${Math.floor(slot / 10)}` }),
} as unknown as MemorySource;

const guardWith = (options: WriteGuardOptions = {}) =>
  new WriteGuard(client, guardSettingsOf(options) as WriteGuardSettings, { monotonic: () => now });
const at = (ratio: number, policy = 'noeviction', ageMs = 0) => {
  memory = { ratio, policy, ageMs };
};

let guard: WriteGuard;
beforeEach(() => {
  now = 0;
  memory = undefined;
  subscribers = 0;
  guard = guardWith();
});

describe('a value', () => {
  it('is stored while nothing is known about its shard', () => {
    expect(guard.decide(HUGE)).toEqual({ kind: 'store', ttlMs: 100_000 });
  });

  it('is stored below the threshold, however large', () => {
    at(0.849);
    expect(guard.decide(HUGE)).toEqual({ kind: 'store', ttlMs: 100_000 });
  });

  it('is stored for less time the nearer to shed its shard is', () => {
    const shortened = [0.85, 0.875, 0.9, 0.925, 0.949999].map((ratio) => {
      at(ratio);
      const decision = guard.decide(LARGE);
      return [decision.kind, decision.kind === 'skip' ? 0 : Math.round(decision.ttlMs / 100)];
    });
    expect(shortened).toEqual([
      ['shorten', 1_000],
      ['shorten', 813],
      ['shorten', 625],
      ['shorten', 438],
      ['shorten', 250],
    ]);
  });

  it('is not shortened below a second, nor made to live longer', () => {
    at(0.949);
    expect(guard.decide({ ...SMALL, ttlMs: 2_000 })).toMatchObject({ ttlMs: 1_000 });
    expect(guard.decide({ ...SMALL, ttlMs: 300 })).toMatchObject({ ttlMs: 300 });
  });

  it('is not stored above the threshold when it is large', () => {
    at(0.85);
    expect(guard.decide(LARGE)).toMatchObject({ kind: 'shorten' });
    expect(guard.decide(HUGE)).toEqual({ kind: 'skip', why: 'too-large', ratio: 0.85 });
  });

  it.each(['noeviction', 'allkeys-lru', 'volatile-ttl'])(
    'is stored above shed when it is small (%s)',
    (policy) => {
      at(0.95, policy);
      expect(guard.decide(SMALL)).toEqual({ kind: 'shorten', ttlMs: 25_000, ratio: 0.95 });
      expect(guard.decide(LARGE)).toEqual({ kind: 'skip', why: 'too-large', ratio: 0.95 });
    },
  );

  it('is not stored by a full shard, unless that evicts', () => {
    at(0.98);
    expect(guard.decide({ ...SMALL, bytes: 1 })).toEqual({ kind: 'skip', why: 'full', ratio: 0.98 });
    at(1.02, 'allkeys-lru');
    expect(guard.decide(SMALL)).toEqual({ kind: 'shorten', ttlMs: 25_000, ratio: 1.02 });
  });

  it('is stored by a shard that was full long ago, and has said nothing since', () => {
    at(0.99, 'noeviction', 10_000);
    expect(guard.decide(SMALL)).toMatchObject({ kind: 'skip' });
    at(0.99, 'noeviction', 10_001);
    expect(guard.decide(SMALL)).toMatchObject({ kind: 'store' });
    expect(guard.mayLead(SLOT)).toBe(true);
  });

  it('never gets more time than it asked for, nor none', () => {
    const options = fc.record({ threshold: fc.double({ min: 0.01, max: 1, noNaN: true }) });
    fc.assert(
      fc.property(
        options,
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.integer({ min: 1, max: 1e12 }),
        (given, ratio, ttlMs) => {
          at(ratio, 'allkeys-lru');
          const decision = guardWith(given).decide({ slot: SLOT, bytes: 1, ttlMs });
          expect(decision.kind).not.toBe('skip');
          if (decision.kind === 'skip') return;
          expect(decision.ttlMs).toSatisfy(Number.isSafeInteger);
          expect(decision.ttlMs).toBeGreaterThanOrEqual(1);
          expect(decision.ttlMs).toBeLessThanOrEqual(ttlMs);
        },
      ),
    );
  });
});

describe('a lease', () => {
  it('is taken until the shard is full', () => {
    expect(guard.mayLead(SLOT)).toBe(true);
    at(0.979);
    expect(guard.mayLead(SLOT)).toBe(true);
    at(0.98);
    expect(guard.mayLead(SLOT)).toBe(false);
    at(1, 'allkeys-lfu');
    expect(guard.mayLead(SLOT)).toBe(true);
  });
});

describe('a refused write', () => {
  it('has its shard left alone for a while, and no other', () => {
    guard.learnOom(SLOT);
    expect(guard.decide(SMALL)).toEqual({ kind: 'skip', why: 'out-of-memory', ratio: 1 });
    expect(guard.decide({ ...SMALL, slot: 9 })).toMatchObject({ kind: 'skip' });
    expect(guard.mayLead(9)).toBe(false);
    expect(guard.decide({ ...SMALL, slot: 10 })).toMatchObject({ kind: 'store' });
    expect(guard.mayLead(10)).toBe(true);
    now = 4_999;
    expect(guard.decide(SMALL)).toMatchObject({ kind: 'skip' });
    now = 5_000;
    expect(guard.decide(SMALL)).toMatchObject({ kind: 'store' });
    expect(guard.mayLead(SLOT)).toBe(true);
  });

  it('counts whatever the shard says about itself', () => {
    at(0.3, 'allkeys-lru');
    guard.learnOom(SLOT);
    expect(guard.decide(SMALL)).toEqual({ kind: 'skip', why: 'out-of-memory', ratio: 0.3 });
  });

  it('counts for its slot alone while nobody knows whose that is', () => {
    guard.learnOom(90);
    expect(guard.decide({ ...SMALL, slot: 90 })).toMatchObject({ kind: 'skip' });
    expect(guard.decide({ ...SMALL, slot: 91 })).toMatchObject({ kind: 'store' });
  });
});

describe('the guard', () => {
  it('is interested in the memory of the shards until it is closed', () => {
    expect(subscribers).toBe(1);
    guard.close();
    expect(subscribers).toBe(0);
  });
});
