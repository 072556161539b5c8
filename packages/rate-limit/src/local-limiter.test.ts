import { describe, expect, it } from 'vitest';
import { LocalLimiter } from './local-limiter.ts';
import { planOf } from './plan.ts';

const plan = planOf([
  { limit: 10, per: '1s', burst: 4 },
  { limit: 100, per: '1h', algorithm: 'fixed-window' },
]);

describe('a process that decides for itself', () => {
  it.each([
    [1, 4, 10],
    [2, 2, 5],
    [4, 1, 2],
    [40, 1, 0],
  ])('among %i admits %i at once, and %i more within a second', (processes, atOnce, later) => {
    let now = 0;
    const limiter = new LocalLimiter(() => now);
    const admitted = () => {
      let count = 0;
      while (limiter.consume('s', plan, 1, processes).allowed) count++;
      return count;
    };
    expect(admitted()).toBe(atOnce);
    const denied = limiter.consume('s', plan, 1, processes);
    expect(denied).toMatchObject({ limitedBy: 0, remaining: 0, retryAfterMs: 100 * processes, limit: 10 });
    let more = 0;
    for (now = 10; now <= 1000; now += 10) more += admitted();
    expect(more).toBe(later);
    limiter.forget('s');
    expect(admitted()).toBe(atOnce);
  });

  it('admits a cost above its share when nothing else was for long enough', () => {
    let now = 0;
    const limiter = new LocalLimiter(() => now);
    expect(limiter.consume('s', plan, 4, 4).allowed).toBe(true);
    expect(limiter.consume('s', plan, 4, 4)).toMatchObject({ allowed: false, retryAfterMs: 1600 });
    now = 1600;
    expect(limiter.consume('s', plan, 4, 4)).toMatchObject({ allowed: true, decidedBy: 'local' });
  });

  it('has a great cost owed in full, whatever is asked for after it', () => {
    let now = 0;
    const limiter = new LocalLimiter(() => now);
    expect(limiter.consume('s', plan, 4, 4).allowed).toBe(true);
    now = 400;
    expect(limiter.consume('s', plan, 1, 4)).toMatchObject({ allowed: false, retryAfterMs: 1200 });
    now = 1600;
    expect(limiter.consume('s', plan, 1, 4)).toMatchObject({ allowed: true });
  });

  it('has nobody wait longer than the greatest cost lasts when the others are gone, or the plan is another', () => {
    const limiter = new LocalLimiter(() => 0);
    expect(limiter.consume('s', plan, 1, 1_000).allowed).toBe(true);
    expect(limiter.consume('s', plan, 1, 1)).toMatchObject({
      allowed: false,
      limitedBy: 1,
      retryAfterMs: 36_000,
    });
  });

  it('charges no limit when another one denies', () => {
    const limiter = new LocalLimiter(() => 0);
    const two = planOf([
      { limit: 10, per: '1s' },
      { limit: 1, per: '1h' },
    ]);
    limiter.consume('s', two, 1, 1);
    expect(limiter.consume('s', two, 1, 1)).toMatchObject({ allowed: false, limitedBy: 1, limit: 1 });
    expect(limiter.consume('s', planOf([{ limit: 10, per: '1s' }]), 9, 1).allowed).toBe(true);
  });
});
