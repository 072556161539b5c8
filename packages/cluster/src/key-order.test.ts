import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { callOf } from './call.fixture.ts';
import type { Call, CallGuard } from './call.ts';
import { KeyOrder } from './key-order.ts';
import { RetryBudget } from './retry-budget.ts';
import { WritesUnderWay } from './writes-under-way.ts';

let superseded: Call[];
let underWay: Call[];
let order: KeyOrder;
beforeEach(() => {
  superseded = [];
  underWay = [];
  order = newOrder((call) => superseded.push(call));
});

function newOrder(onSuperseded: (call: Call) => void): KeyOrder {
  const line = new KeyOrder(
    (call) => {
      call.settled = true;
      onSuperseded(call);
      line.leave(call, 'given-up');
    },
    new WritesUnderWay(() => underWay),
  );
  return line;
}

const append = () => callOf({ key: 'k' });
const set = () => callOf({ key: 'k', replaces: true });

/** Waits for another attempt, as a call does that is held. */
const parked = (call: Call): Call => Object.assign(call, { isParked: true });

/** Was sent to a node. */
const sentTo = (guard: CallGuard, call: Call): Call => {
  underWay.push(call);
  return Object.assign(call, { guard, isInFlight: true, written: 1 });
};

const nodeOf = (id: string): CallGuard => ({
  id,
  budget: new RetryBudget(),
  answered() {},
  lost() {},
  unanswered() {},
});
const [oldNode, newNode] = [nodeOf('old'), nodeOf('new')];
const slots = new Set([1]);

describe('the order of writes of a key', () => {
  it('is nothing that keys without a held write pay for', () => {
    expect([order.enter(append(), newNode), order.enter(set(), newNode), order.isEmpty]).toEqual([
      'go',
      'go',
      true,
    ]);
  });

  it('lets later writes wait behind a held one, one after the other', () => {
    const [a, b, c] = [append(), append(), append()];
    order.hold(a);
    expect([b, c, a].map((call) => order.enter(call, newNode))).toEqual(['wait', 'wait', 'go']);
    expect(order.leave(a, 'answered')).toEqual([b]);
    expect([b, c].map((call) => order.enter(call, newNode))).toEqual(['go', 'wait']);
    expect(order.leave(b, 'answered')).toEqual([c]);
    expect(order.leave(c, 'answered')).toEqual([]);
    expect(order.isEmpty).toBe(true);
  });

  it('gives up what a later write of the whole value replaces', () => {
    const [a, b, c] = [parked(append()), parked(append()), set()];
    order.hold(a);
    order.enter(b, newNode);
    expect(order.enter(c, newNode)).toBe('go');
    expect(superseded).toEqual([a, b]);
    expect(order.leave(c, 'answered')).toEqual([]);
    expect(order.isEmpty).toBe(true);
  });

  it('puts those that were under way together back as they were made', () => {
    const [a, b, c] = [append(), append(), append()];
    for (const call of [c, a, b]) order.hold(call);
    expect([a, b, c].map((call) => order.enter(call, newNode))).toEqual(['go', 'wait', 'wait']);
    expect(order.leave(a, 'answered')).toEqual([b]);
  });

  it('gives an older write up that fails after a newer one of the whole value is held', () => {
    const [a, b] = [set(), parked(set())];
    order.hold(b);
    order.hold(a);
    expect(superseded).toEqual([a]);
    expect(order.enter(b, newNode)).toBe('go');
  });

  it('does not wake anybody when one in the middle of the line ends', () => {
    const [a, b, c] = [append(), append(), append()];
    order.hold(a);
    order.enter(b, newNode);
    order.enter(c, newNode);
    expect(order.leave(b, 'answered')).toEqual([]);
    expect(order.leave(a, 'answered')).toEqual([c]);
  });

  it('keeps keys apart', () => {
    order.hold(append());
    expect(order.enter(callOf({ key: 'other' }), newNode)).toBe('go');
    expect(order.enter(callOf(), newNode)).toBe('go');
  });

  it('never lets an older write go after a newer one, whatever fails when', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(3)), { maxLength: 40 }), (steps) => {
        const dead = new Set<Call>();
        const line = newOrder((call) => dead.add(call));
        const open: Call[] = [];
        const turns: string[][] = [];
        for (const [replaces, step] of steps) {
          if (step < 2) {
            const call = parked(callOf({ key: 'k', replaces }));
            open.push(call);
            if (step === 0) line.hold(call);
            else if (line.enter(call, newNode) === 'go') line.hold(call);
          } else {
            const first = open.find((call) => !dead.has(call));
            if (first === undefined) continue;
            // Whoever is first among those that are left may go, and nobody else.
            turns.push(open.filter((call) => !dead.has(call)).map((call) => line.enter(call, newNode)));
            dead.add(first);
            line.leave(first, 'answered');
          }
        }
        for (const call of open) if (!dead.has(call)) line.leave(call, 'answered');
        expect(turns).toEqual(turns.map((turn) => turn.map((_, i) => (i === 0 ? 'go' : 'wait'))));
        expect(line.isEmpty).toBe(true);
      }),
    );
  });

  it('lets a later write wait for one that a node still has which the slot has left', () => {
    const [a, b] = [sentTo(oldNode, append()), append()];
    order.ownerChanged(slots, () => newNode);
    expect(order.enter(b, newNode)).toBe('wait');
    expect(order.leave(a, 'answered')).toEqual([b]);
    expect(order.enter(b, newNode)).toBe('go');
  });

  it('does not watch what is with the new owner, in another slot, or a read', () => {
    sentTo(newNode, append());
    sentTo(oldNode, append()).slot = 2;
    sentTo(oldNode, callOf({ safety: 'read' }));
    order.ownerChanged(slots, () => newNode);
    expect(order.isEmpty).toBe(true);
  });

  it('lets those go that go the same way on one connection', () => {
    const [a, b] = [sentTo(oldNode, append()), sentTo(oldNode, append())];
    order.ownerChanged(slots, () => newNode);
    expect(order.enter(b, newNode)).toBe('wait');
    a.guard = newNode;
    expect(order.enter(b, newNode)).toBe('go');
  });

  it('lets a write of the whole value go before one that a node still has, which is then never tried again', () => {
    const [a, b] = [sentTo(oldNode, set()), set()];
    order.ownerChanged(slots, () => newNode);
    expect(order.enter(b, newNode)).toBe('go');
    // An answer of the old node would still be one.
    expect([superseded, a.isOvertaken]).toEqual([[], false]);
    order.leave(b, 'answered');
    expect(a.isOvertaken).toBe(true);
    expect(order.hold(a)).toBe('ended');
    expect(superseded).toEqual([a]);
    expect(order.isEmpty).toBe(true);
  });

  it('ends one that was overtaken while it waited for a place', () => {
    const [a, b] = [sentTo(oldNode, set()), set()];
    order.ownerChanged(slots, () => newNode);
    order.enter(b, newNode);
    order.leave(b, 'answered');
    expect(order.enter(a, newNode)).toBe('ended');
    expect(order.isEmpty).toBe(true);
  });

  it.each([
    ['has less time', { expiresAt: -1 }],
    ['does not wait', { waits: false }],
    ['may be aborted', { signal: new AbortController().signal }],
  ])('gives nothing up for a write of the whole value that %s, until that is answered', (_, choice) => {
    const [a, b] = [parked(append()), Object.assign(set(), choice)];
    order.hold(a);
    expect(order.enter(b, newNode)).toBe('go');
    expect([superseded, order.enter(a, newNode)]).toEqual([[], 'wait']);
    expect(order.leave(b, 'given-up')).toEqual([a]);
    expect(order.enter(a, newNode)).toBe('go');

    const c = Object.assign(set(), choice);
    expect(order.enter(c, newNode)).toBe('go');
    order.leave(c, 'answered');
    expect(superseded).toEqual([a]);
  });

  it('does not retry a write before one of the whole value that was sent after it has ended', () => {
    const [a, b] = [sentTo(oldNode, append()), sentTo(oldNode, set())];
    a.guard = undefined;
    expect([order.hold(a), order.enter(parked(a), oldNode)]).toEqual(['wait', 'wait']);
    order.leave(b, 'answered');
    expect(superseded).toEqual([a]);
  });

  it('finds those that are under way by any of their keys', () => {
    const [a, b] = [sentTo(oldNode, callOf({ key: 'other' })), sentTo(oldNode, append())];
    b.moreOrderKeys = ['other'];
    order.hold(a);
    order.hold(b);
    expect([order.enter(b, newNode), order.enter(a, newNode)]).toEqual(['wait', 'go']);
  });

  it('keeps all keys of a write in order', () => {
    const [a, b] = [parked(append()), callOf({ key: 'other' })];
    a.moreOrderKeys = ['other'];
    order.hold(a);
    expect(order.enter(b, newNode)).toBe('wait');
    expect(order.leave(a, 'answered')).toEqual([b]);
    expect(order.leave(b, 'answered')).toEqual([]);
    expect(order.isEmpty).toBe(true);
  });

  it('gives up nothing that has another key as well', () => {
    const [a, b] = [parked(append()), set()];
    a.moreOrderKeys = ['other'];
    order.hold(a);
    expect(order.enter(b, newNode)).toBe('wait');
    expect(superseded).toEqual([]);
  });
});
