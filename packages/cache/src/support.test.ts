import { ManualClock } from '@keyslot/testkit';
import { describe, expect, it } from 'vitest';
import { REFUSED_MS, Support } from './support.ts';

/** Slots 0 to 9 belong to `a`, the others below 100 to `b`, and those above to nobody that is known. */
function make(): { support: Support; clock: ManualClock } {
  const clock = new ManualClock();
  const shard = (id: string) => ({ id, primary: '', replicas: [], slots: [] });
  const slotOwner = (slot: number) => (slot < 100 ? shard(slot < 10 ? 'a' : 'b') : undefined);
  return { support: new Support({ slotOwner }, clock), clock };
}

const idAt = (support: Support, slot: number) => support.at(slot)?.id;

describe('what a primary understands', () => {
  it('is tried by one caller, and used by all once it was understood', () => {
    const { support } = make();
    expect([idAt(support, 1), idAt(support, 2), idAt(support, 1)]).toEqual(['a', undefined, undefined]);
    support.learn('a', 'understood');
    expect([support.at(1), support.at(2)]).toEqual(Array(2).fill({ id: 'a', understands: true }));
    expect(support.at(10)).toEqual({ id: 'b', understands: false });
  });

  it('is known of each for itself', () => {
    const { support } = make();
    support.at(1);
    support.learn('a', 'refused');
    expect([idAt(support, 1), idAt(support, 10), idAt(support, 100)]).toEqual([undefined, 'b', undefined]);
  });

  it('is tried again by one caller, some minutes after it was refused', async () => {
    const { support, clock } = make();
    support.at(1);
    await clock.advance(1_000);
    support.learn('a', 'refused');
    await clock.advance(REFUSED_MS - 1);
    expect(idAt(support, 1)).toBeUndefined();
    await clock.advance(1);
    expect([idAt(support, 1), idAt(support, 1)]).toEqual(['a', undefined]);
  });

  it('is no longer used once it is refused', () => {
    const { support } = make();
    support.at(1);
    support.learn('a', 'understood');
    support.learn('a', 'refused');
    expect(idAt(support, 1)).toBeUndefined();
  });

  it('stays what it was when no answer comes', async () => {
    const { support, clock } = make();
    support.at(1);
    support.learn('a', 'unheard');
    expect(idAt(support, 1)).toBe('a');
    support.learn('a', 'understood');
    support.learn('a', 'unheard');
    expect([idAt(support, 1), idAt(support, 1)]).toEqual(['a', 'a']);
    await clock.advance(REFUSED_MS);
    expect(idAt(support, 1)).toBe('a');
  });

  it('is tried again by one caller when the one that tried was never heard of again', async () => {
    const { support, clock } = make();
    support.at(1);
    await clock.advance(REFUSED_MS);
    expect([idAt(support, 1), idAt(support, 1)]).toEqual(['a', undefined]);
  });

  it('is forgotten of nodes long gone', () => {
    const clock = new ManualClock();
    const slotOwner = (slot: number) => ({ id: `${slot}`, primary: '', replicas: [], slots: [] });
    const support = new Support({ slotOwner }, clock);
    for (let slot = 0; slot < 1_000; slot++) support.at(slot);
    expect(idAt(support, 0)).toBeUndefined();
    support.at(1_000);
    expect(idAt(support, 0)).toBe('0');
  });
});
