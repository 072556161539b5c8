import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { callOf } from './call.fixture.ts';
import type { Call } from './call.ts';
import { KeyOrder } from './key-order.ts';

let superseded: Call[];
let order: KeyOrder;
beforeEach(() => {
  superseded = [];
  order = new KeyOrder((call) => {
    superseded.push(call);
    order.leave(call);
  });
});

const append = () => callOf({ key: 'k' });
const set = () => callOf({ key: 'k', replaces: true });

describe('the order of writes of a key', () => {
  it('is nothing that keys without a held write pay for', () => {
    expect([order.enter(append()), order.enter(set()), order.isEmpty]).toEqual(['go', 'go', true]);
  });

  it('lets later writes wait behind a held one, one after the other', () => {
    const [a, b, c] = [append(), append(), append()];
    order.hold(a);
    expect([order.enter(b), order.enter(c), order.enter(a)]).toEqual(['wait', 'wait', 'go']);
    expect(order.leave(a)).toBe(b);
    expect([order.enter(b), order.enter(c)]).toEqual(['go', 'wait']);
    expect(order.leave(b)).toBe(c);
    expect(order.leave(c)).toBeUndefined();
    expect(order.isEmpty).toBe(true);
  });

  it('gives up what a later write of the whole value replaces', () => {
    const [a, b, c] = [append(), append(), set()];
    order.hold(a);
    order.enter(b);
    expect(order.enter(c)).toBe('go');
    expect(superseded).toEqual([a, b]);
    expect(order.leave(c)).toBeUndefined();
    expect(order.isEmpty).toBe(true);
  });

  it('puts those that were under way together back as they were made', () => {
    const [a, b, c] = [append(), append(), append()];
    for (const call of [c, a, b]) order.hold(call);
    expect([order.enter(a), order.enter(b), order.enter(c)]).toEqual(['go', 'wait', 'wait']);
    expect(order.leave(a)).toBe(b);
  });

  it('gives an older write up that fails after a newer one of the whole value is held', () => {
    const [a, b] = [set(), set()];
    order.hold(b);
    order.hold(a);
    expect(superseded).toEqual([a]);
    expect(order.enter(b)).toBe('go');
  });

  it('does not wake anybody when one in the middle of the line ends', () => {
    const [a, b, c] = [append(), append(), append()];
    order.hold(a);
    order.enter(b);
    order.enter(c);
    expect(order.leave(b)).toBeUndefined();
    expect(order.leave(a)).toBe(c);
  });

  it('keeps keys apart', () => {
    order.hold(append());
    expect(order.enter(callOf({ key: 'other' }))).toBe('go');
    expect(order.enter(callOf())).toBe('go');
  });

  it('never lets an older write go after a newer one, whatever fails when', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(3)), { maxLength: 40 }), (steps) => {
        const dead = new Set<Call>();
        const line = new KeyOrder((call) => {
          dead.add(call);
          line.leave(call);
        });
        const open: Call[] = [];
        const turns: string[][] = [];
        for (const [replaces, step] of steps) {
          if (step < 2) {
            const call = callOf({ key: 'k', replaces });
            open.push(call);
            if (step === 0) line.hold(call);
            else if (line.enter(call) === 'go') line.hold(call);
          } else {
            const first = open.find((call) => !dead.has(call));
            if (first === undefined) continue;
            // Whoever is first among those that are left may go, and nobody else.
            turns.push(open.filter((call) => !dead.has(call)).map((call) => line.enter(call)));
            dead.add(first);
            line.leave(first);
          }
        }
        for (const call of open) if (!dead.has(call)) line.leave(call);
        expect(turns).toEqual(turns.map((turn) => turn.map((_, i) => (i === 0 ? 'go' : 'wait'))));
        expect(line.isEmpty).toBe(true);
      }),
    );
  });
});
