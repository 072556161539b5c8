import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HeldLeases } from './held-leases.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function heldBy(leases: HeldLeases, outcome: 'renewed' | 'lost' = 'renewed') {
  const renew = vi.fn<() => Promise<'renewed' | 'lost'>>(async () => outcome);
  const held = { renew };
  leases.hold(held);
  return { held, renew };
}

describe('leases that are held', () => {
  it('are renewed before half of their time is over, again and again', async () => {
    const leases = new HeldLeases(600);
    const { held, renew } = heldBy(leases);
    await vi.advanceTimersByTimeAsync(300);
    expect(renew).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(900);
    expect(renew.mock.calls.length).toBeGreaterThanOrEqual(4);
    leases.end(held);
    const { length } = renew.mock.calls;
    await vi.advanceTimersByTimeAsync(2_000);
    expect([renew.mock.calls.length, vi.getTimerCount()]).toEqual([length, 0]);
  });

  it('are not renewed any more once they are lost, and the others are', async () => {
    const leases = new HeldLeases(600);
    const [lost, kept] = [heldBy(leases, 'lost'), heldBy(leases)];
    await vi.advanceTimersByTimeAsync(3_000);
    expect(lost.renew).toHaveBeenCalledTimes(1);
    expect(kept.renew.mock.calls.length).toBeGreaterThan(5);
    leases.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
