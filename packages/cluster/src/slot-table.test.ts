import type { Cluster } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { SlotTable } from './slot-table.ts';

/** What ioredis knows: one array for all slots of a range. */
function clusterOf(...ranges: readonly (readonly [from: number, to: number, nodes: string[]])[]): Cluster {
  const slots: string[][] = [];
  for (const [from, to, nodes] of ranges) for (let slot = from; slot <= to; slot++) slots[slot] = nodes;
  return { slots } as unknown as Cluster;
}

describe('the slot table', () => {
  it('knows each slot’s primary and all that serve it', () => {
    const table = new SlotTable(clusterOf([0, 8_000, ['a', 'b']], [8_001, 16_383, ['c']]));
    expect([table.primaryOf(0), table.primaryOf(8_001), table.nodesOf(8_000)]).toEqual([
      'a',
      'c',
      ['a', 'b'],
    ]);
    expect([...table.primaries()]).toEqual(['a', 'c']);
  });

  it('knows nothing of slots that nobody serves', () => {
    const table = new SlotTable(clusterOf([1, 2, ['a']]));
    expect([table.primaryOf(0), table.nodesOf(3)]).toEqual([undefined, []]);
  });

  it('sends one slot elsewhere for a redirect, and the others of its range not', () => {
    const table = new SlotTable(clusterOf([0, 16_383, ['a', 'b']]));
    table.moved(7, 'c');
    expect([table.primaryOf(6), table.primaryOf(7), table.nodesOf(7)]).toEqual(['a', 'c', ['c']]);
  });

  it('keeps the replicas when a redirect says what is known', () => {
    const table = new SlotTable(clusterOf([0, 16_383, ['a', 'b']]));
    table.moved(7, 'a');
    expect(table.nodesOf(7)).toEqual(['a', 'b']);
  });

  it('says which slots passed to another primary, once', () => {
    const cluster = clusterOf([0, 16_383, ['a', 'b']]);
    const table = new SlotTable(cluster);
    cluster.slots[5] = ['b', 'a'];
    cluster.slots[6] = ['a'];
    expect([[...table.refresh()], [...table.refresh()]]).toEqual([[5], []]);
  });

  it('says so as well when a redirect was quicker', () => {
    const cluster = clusterOf([0, 16_383, ['a']]);
    const table = new SlotTable(cluster);
    table.moved(5, 'b');
    cluster.slots[5] = ['b'];
    expect([...table.refresh()]).toEqual([5]);
  });

  it('keeps what it knew of slots that nobody is said to serve', () => {
    const cluster = clusterOf([0, 16_383, ['a']]);
    const table = new SlotTable(cluster);
    cluster.slots[5] = [];
    expect([[...table.refresh()], table.primaryOf(5)]).toEqual([[], 'a']);
  });
});
