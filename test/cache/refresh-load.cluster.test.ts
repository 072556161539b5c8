import { describe, expect } from 'vitest';
import { refreshUnderLoad } from '../soak/refresh.ts';
import { test } from './fixtures.ts';

describe('one hot key whose value is fresh for a second, under 2 000 reads a second of 4 processes', () => {
  test('is loaded once per generation in the fleet, and no read waits for a loader', async ({ cluster }) => {
    const loadMs = 300;
    const seconds = 6;
    const report = await refreshUnderLoad({ addresses: cluster.addresses, seconds, loadMs });
    console.info(report);
    expect(report.mostLoadsOfAGeneration).toBe(1);
    expect(report.mostLoadsAtOnce).toBe(1);
    expect(report.blockedReads).toBe(0);
    expect(report.p99Ms).toBeLessThan(loadMs);
    // It did what it is about.
    expect(report.reads).toBeGreaterThan(seconds * 1_800);
    expect(report.loads).toBeGreaterThanOrEqual(seconds - 2);
    // However often it is read it is not replaced as soon as it is there: a load, and most of its life before the next.
    expect(report.loads).toBeLessThanOrEqual(2 * seconds);
  });
});
