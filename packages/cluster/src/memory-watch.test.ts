import { BehaviorSubject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Guards } from './guards.ts';
import { MemoryWatch } from './memory-watch.ts';
import type { ShardMemory } from './shard-memory.ts';
import type { Topology } from './topology.ts';
import type { TopologyWatch } from './topology-watch.ts';

const shard = (id: string, primary: string) => ({ id, primary, replicas: [], slots: [] });
const layout = (...shards: Topology['shards']): Topology => ({ shards, nodes: new Map(), changes: [] });

/** How often each address was asked, and what it answers. */
let asked: string[];
let answer: (address: string) => Promise<string>;
let breaker: string;
let topology$: BehaviorSubject<Topology>;
let watch: MemoryWatch;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  breaker = 'closed';
  answer = async () => 'used_memory:50\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction\r\n';
  topology$ = new BehaviorSubject(layout(shard('a', ':1'), shard('b', ':2')));
  const topology = {
    topology$,
    known: () => Promise.resolve(),
    get current() {
      return topology$.value;
    },
  };
  const info = (address: string) => () => {
    asked.push(address);
    return answer(address);
  };
  const guards = {
    at: (address: string) => ({ node: { info: info(address) }, breaker: { state: breaker } }),
  };
  watch = new MemoryWatch(topology as unknown as TopologyWatch, () => guards as unknown as Guards);
});
afterEach(() => {
  watch.close();
  vi.useRealTimers();
});

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000);

describe('the memory of the primaries', () => {
  it('is asked for by nobody until somebody is interested', async () => {
    await seconds(5);
    expect(asked).toEqual([]);
  });

  it('is asked for once a second by any number of subscribers, and no longer when they have left', async () => {
    const told: (readonly ShardMemory[])[] = [];
    const subscriptions = [watch.memory$.subscribe((all) => told.push(all)), watch.memory$.subscribe()];
    await seconds(0);
    expect(asked).toEqual([':1', ':2']);
    expect(told.at(-1)).toMatchObject([
      { shard: 'a', address: ':1', ratio: 0.5, ageMs: 0 },
      { shard: 'b', address: ':2', ratio: 0.5, ageMs: 0 },
    ]);
    await seconds(20);
    expect(asked.length).toBeGreaterThanOrEqual(2 * 18);
    expect(asked.length).toBeLessThanOrEqual(2 * 24);
    for (const each of subscriptions) each.unsubscribe();
    await seconds(20);
    const before = asked.length;
    await seconds(20);
    expect(asked.length).toBe(before);
    expect(watch.at(':1')).toBeUndefined();
  });

  it('is begun by a reader, too, who gets an answer from the first one on', async () => {
    expect(watch.at(':1')).toBeUndefined();
    await seconds(0);
    expect(watch.at(':1')).toMatchObject({ shard: 'a', usedBytes: 50 });
    for (let second = 0; second < 30; second++) {
      await seconds(1);
      expect(watch.at(':1')).toMatchObject({ ageMs: 0 });
    }
  });

  it('keeps what a node said last, with its age, while it says nothing', async () => {
    watch.at(':1');
    await seconds(0);
    answer = (address) => (address === ':1' ? new Promise(() => {}) : Promise.reject(new Error('NOPERM no')));
    await seconds(5);
    for (const address of [':1', ':2']) {
      expect(watch.at(address)).toMatchObject({ ratio: 0.5 });
      expect(watch.at(address)?.ageMs).toBeGreaterThan(3_000);
    }
  });

  it('is not asked of a node whose breaker is open', async () => {
    breaker = 'open';
    watch.at(':1');
    await seconds(3);
    expect(asked).toEqual([]);
  });

  it('is asked of a new primary at once, and forgotten of one that is gone', async () => {
    watch.at(':1');
    await seconds(0);
    expect(asked).toEqual([':1', ':2']);
    topology$.next(layout(shard('c', ':3'), shard('b', ':2')));
    await seconds(0);
    expect(asked).toEqual([':1', ':2', ':3']);
    expect(watch.at(':3')).toMatchObject({ shard: 'c' });
    expect(watch.at(':1')).toBeUndefined();
  });

  it('is never known of a node that was replaced at its address until the new one has answered', async () => {
    watch.at(':1');
    await seconds(0);
    answer = () => Promise.reject(new Error('not now'));
    topology$.next(layout(shard('z', ':1'), shard('b', ':2')));
    await seconds(0);
    expect(watch.at(':1')).toBeUndefined();
  });

  it('ends when it is closed', async () => {
    const completed = vi.fn<() => void>();
    watch.memory$.subscribe({ complete: completed });
    await seconds(1);
    watch.close();
    expect(completed).toHaveBeenCalled();
    const before = asked.length;
    watch.at(':1');
    await seconds(5);
    expect(asked.length).toBe(before);
  });
});
