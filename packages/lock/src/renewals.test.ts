import { ManualClock } from '@keyslot/testkit';
import { describe, expect, it } from 'vitest';
import { Renewals, type Timed } from './renewals.ts';

class Due implements Timed {
  nextAt: number;
  readonly looks: number[] = [];
  readonly #everyMs: number;

  constructor(at: number, everyMs: number) {
    this.nextAt = at;
    this.#everyMs = everyMs;
  }

  look(now: number): void {
    if (now < this.nextAt) return;
    this.looks.push(now);
    this.nextAt = now + this.#everyMs;
  }
}

describe('what is held', () => {
  it('is looked at when it is due, by one timer for all', async () => {
    const clock = new ManualClock();
    const renewals = new Renewals(clock);
    const all = Array.from({ length: 50 }, (_, i) => new Due(100 + i * 10, 1_000));
    for (const each of all) renewals.hold(each);
    expect(clock.sleeping).toBe(1);
    await clock.advance(2_000);
    expect(clock.sleeping).toBe(1);
    expect(all[0]?.looks).toEqual([100, 1_100]);
    expect(all[49]?.looks).toEqual([590, 1_590]);
    renewals.close();
    expect(clock.sleeping).toBe(0);
  });

  it('is looked at earlier when something due earlier comes', async () => {
    const clock = new ManualClock();
    const renewals = new Renewals(clock);
    const [late, early] = [new Due(1_000, 1_000), new Due(10, 1_000)];
    renewals.hold(late);
    renewals.hold(early);
    await clock.advance(10);
    expect([late.looks, early.looks]).toEqual([[], [10]]);
    await clock.advance(990);
    expect(late.looks).toEqual([1_000]);
    renewals.close();
  });

  it('is not looked at any more when it has ended, and then no timer is set', async () => {
    const clock = new ManualClock();
    const renewals = new Renewals(clock);
    const one = new Due(100, 100);
    renewals.hold(one);
    renewals.end(one);
    await clock.advance(1_000);
    expect([one.looks, clock.sleeping]).toEqual([[], 0]);
  });
});
