import { describe, expect, it, vi } from 'vitest';
import { backoffMs } from './backoff.ts';

describe('a backoff', () => {
  it('doubles its longest pause up to a limit, however many attempts have failed', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    expect([1, 2, 3, 5, 6, 100, 1e9].map(backoffMs)).toEqual([10, 20, 40, 160, 250, 250, 250]);
    vi.restoreAllMocks();
  });

  it('takes any pause up to that, so that those who failed together come back apart', () => {
    const pauses = Array.from({ length: 500 }, () => backoffMs(6));
    expect(Math.min(...pauses)).toBeLessThan(25);
    expect(Math.max(...pauses)).toBeGreaterThan(225);
    expect(pauses.every((ms) => ms >= 0 && ms <= 250)).toBe(true);
  });
});
