import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSame, type SlotRange, type Topology, topologyOf, UNKNOWN } from './topology.ts';

const node = (id: string) => ({ id, address: `${id}:1` });
const range = (from: number, to: number, ...ids: string[]): SlotRange => ({ from, to, nodes: ids.map(node) });
const before = topologyOf([range(0, 99, 'a', 'x'), range(100, 199, 'b', 'y')], UNKNOWN);

describe('a topology', () => {
  it('names each shard by its primary, with its replicas and slots', () => {
    const { shards } = topologyOf(
      [range(0, 9, 'a', 'y', 'x'), range(20, 29, 'b'), range(30, 39, 'a', 'x', 'y')],
      UNKNOWN,
    );
    expect(shards).toEqual([
      {
        id: 'a',
        primary: 'a:1',
        replicas: ['x:1', 'y:1'],
        slots: [
          [0, 9],
          [30, 39],
        ],
      },
      { id: 'b', primary: 'b:1', replicas: [], slots: [[20, 29]] },
    ]);
  });

  it('tells no change at first, nor when nodes tell the same in another order', () => {
    const again = topologyOf([range(100, 199, 'b', 'y'), range(0, 99, 'a', 'x')], before);
    expect([before.changes, again.changes, isSame(before, again)]).toEqual([[], [], true]);
  });

  it('tells a failover as slots that moved', () => {
    expect(topologyOf([range(0, 99, 'x', 'a'), range(100, 199, 'b', 'y')], before).changes).toEqual([
      { kind: 'slots-moved', from: 'a', to: 'x', slots: 100 },
    ]);
  });

  it('tells that slots moved also when nobody served them for a while', () => {
    const without = topologyOf([range(100, 199, 'b', 'y')], before);
    const still = topologyOf([range(100, 199, 'b')], without);
    const after = topologyOf([range(0, 199, 'b')], still);
    expect(
      [without, still, after].map(({ changes }) => changes.filter(({ kind }) => kind === 'slots-moved')),
    ).toEqual([[], [], [{ kind: 'slots-moved', from: 'a', to: 'b', slots: 100 }]]);
    const back = topologyOf([range(0, 99, 'a'), range(100, 199, 'b')], without);
    expect(back.changes.filter(({ kind }) => kind === 'slots-moved')).toEqual([]);
  });

  it('tells who joined and who left', () => {
    expect(topologyOf([range(0, 99, 'a', 'z'), range(100, 199, 'b', 'y')], before).changes).toEqual([
      { kind: 'node-joined', id: 'z', address: 'z:1' },
      { kind: 'node-left', id: 'x', address: 'x:1' },
    ]);
  });

  it('tells each node by its own id', () => {
    const { changes } = topologyOf([range(0, 99, 'a', 'x', 'z'), range(100, 199, 'b', 'y')], before);
    expect(changes).toEqual([{ kind: 'node-joined', id: 'z', address: 'z:1' }]);
  });

  it('tells changes that make what was before what is now', () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const layout = fc
      .array(fc.tuple(fc.constantFrom(...ids), fc.subarray(['v', 'w', 'x'])), { minLength: 1, maxLength: 8 })
      .map((parts) => {
        const replicas = new Map(parts);
        return parts.map(([id], i) => range(i * 10, i * 10 + 9, id, ...(replicas.get(id) ?? [])));
      });
    fc.assert(
      fc.property(layout, layout, (first, second) => {
        const was = topologyOf(first, UNKNOWN);
        const is = topologyOf(second, was);
        expect(nodesAfter(was, is)).toEqual(nodesOf(is));
        // Slots that were served before and are now: what each one won and lost adds up.
        expect(countsAfter(was, is)).toEqual(counts(is, was));
      }),
    );
  });
});

function nodesOf({ shards }: Topology): string[] {
  return [...new Set(shards.flatMap(({ primary, replicas }) => [primary, ...replicas]))].sort();
}

function nodesAfter(was: Topology, { changes }: Topology): string[] {
  const nodes = new Set(nodesOf(was));
  for (const change of changes) {
    if (change.kind === 'node-joined') nodes.add(change.address);
    else if (change.kind === 'node-left') nodes.delete(change.address);
  }
  return [...nodes].sort();
}

function ownersOf({ shards }: Topology): Map<number, string> {
  const owners = new Map<number, string>();
  for (const { id, slots } of shards) {
    for (const [from, to] of slots) for (let slot = from; slot <= to; slot++) owners.set(slot, id);
  }
  return owners;
}

/** How many slots each shard has, of those that another topology knows as well. */
function counts(of: Topology, known: Topology): Record<string, number> {
  const slots = ownersOf(known);
  const all: Record<string, number> = {};
  for (const [slot, id] of ownersOf(of)) if (slots.has(slot)) all[id] = (all[id] ?? 0) + 1;
  return all;
}

function countsAfter(was: Topology, is: Topology): Record<string, number> {
  const all = counts(was, is);
  for (const change of is.changes) {
    if (change.kind !== 'slots-moved') continue;
    all[change.from] = (all[change.from] ?? 0) - change.slots;
    all[change.to] = (all[change.to] ?? 0) + change.slots;
  }
  return Object.fromEntries(Object.entries(all).filter(([, slots]) => slots > 0));
}
