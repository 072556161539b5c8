import { describe, expect, it } from 'vitest';
import { isEarly, isPastHalf } from './xfetch.ts';

const parts = (beta: number, leftMs: number) =>
  Array.from({ length: 10_000 }, () => isEarly({ freshUntil: leftMs, loadMs: 100 }, beta, 0)).filter(Boolean)
    .length / 10_000;

describe('an early refresh', () => {
  it('is as likely as e to the power of minus the time left in loads', () => {
    expect(parts(1, 100)).toBeCloseTo(Math.exp(-1), 1);
    expect(parts(2, 100)).toBeCloseTo(Math.exp(-0.5), 1);
    expect(parts(1, 2_000)).toBe(0);
  });

  it('never is with 0, and always is at the end', () => {
    expect(parts(0, 1)).toBe(0);
    expect(parts(1, 0)).toBe(1);
  });
});

it('a value is in its second half', () => {
  const value = { freshUntil: 3_000 };
  expect([isPastHalf(value, 2_000, 2_000), isPastHalf(value, 2_000, 2_001)]).toEqual([false, true]);
});
