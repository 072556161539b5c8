import { describe, expect, it } from 'vitest';
import { isEarly, isPastHalf } from './xfetch.ts';

const parts = (beta: number, leftMs: number, freshMs = 10_000) => {
  const value = { writtenAt: leftMs - freshMs, freshUntil: leftMs, loadMs: 100 };
  return Array.from({ length: 10_000 }, () => isEarly(value, beta, 0)).filter(Boolean).length / 10_000;
};

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

  it('is none in the first half of a fresh time, so that the busiest key is loaded twice in it at the most', () => {
    expect(parts(1, 251, 500)).toBe(0);
    expect(parts(1, 250, 500)).toBeGreaterThan(0);
  });

  it('leaves time for two loads all the same', () => {
    expect(parts(1, 200, 250)).toBeGreaterThan(0);
    expect(parts(1, 201, 250)).toBe(0);
    expect(parts(2, 400, 410)).toBeGreaterThan(0);
  });
});

it('a value is in its second half', () => {
  const value = { freshUntil: 3_000 };
  expect([isPastHalf(value, 2_000, 2_000), isPastHalf(value, 2_000, 2_001)]).toEqual([false, true]);
});
