import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callOf } from './call.fixture.ts';
import { RetryBudget } from './retry-budget.ts';

let budget: RetryBudget;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  budget = new RetryBudget();
});
afterEach(() => void vi.useRealTimers());

const retryOf = () => Object.assign(callOf(), { isRetry: true });

function granted(asked: number): number {
  return Array.from({ length: asked }, () => budget.allows(retryOf())).filter(Boolean).length;
}

describe('a retry budget', () => {
  it('has a reserve for a burst, and no more', () => {
    expect(granted(1_000)).toBe(200);
  });

  it('grants one retry for ten calls once the reserve is spent', () => {
    granted(1_000);
    for (let i = 0; i < 1_000; i++) budget.allows(callOf());
    expect(granted(1_000)).toBeGreaterThanOrEqual(99);
    expect(granted(1_000)).toBe(0);
  });

  it('trickles while nobody calls', () => {
    granted(1_000);
    vi.advanceTimersByTime(1_000);
    expect(granted(1_000)).toBe(10);
  });

  it('takes back what was granted for an attempt that never left', () => {
    granted(199);
    const call = retryOf();
    expect([budget.allows(call), budget.allows(retryOf())]).toEqual([true, false]);
    budget.giveBack(call);
    budget.giveBack(call);
    expect(granted(10)).toBe(1);
  });

  it('takes nothing back for an attempt that was written', () => {
    granted(199);
    const call = retryOf();
    budget.allows(call);
    call.willWrite();
    budget.giveBack(call);
    expect(granted(10)).toBe(0);
  });

  it('lets more go for each retry that was answered, so that all that wait are soon through', () => {
    granted(1_000);
    let waiting = 900;
    for (let round = 0; waiting > 0 && round < 12; round++) {
      // Ten for the second that passes, and two for each answer of the last round.
      if (round === 0) vi.advanceTimersByTime(1_000);
      const through = Array.from({ length: waiting }, retryOf).filter((call) => budget.allows(call));
      for (const call of through) budget.answered(call);
      waiting -= through.length;
    }
    expect(waiting).toBe(0);
  });

  it('earns nothing by answers to first attempts', () => {
    granted(1_000);
    for (let i = 0; i < 100; i++) budget.answered(callOf());
    expect(granted(10)).toBe(0);
  });

  it('never saves more than its reserve', () => {
    vi.advanceTimersByTime(3_600_000);
    for (let i = 0; i < 100_000; i++) budget.allows(callOf());
    expect(granted(1_000)).toBe(200);
  });

  it('tells each retry with its number', () => {
    const told: unknown[] = [];
    const note = (message: unknown) => void told.push(message);
    subscribe('keyslot:cluster.retry', note);
    const call = retryOf();
    budget.allows(call);
    call.isRetry = true;
    budget.allows(call);
    unsubscribe('keyslot:cluster.retry', note);
    expect(told).toEqual([
      { command: 'set', attempt: 2 },
      { command: 'set', attempt: 3 },
    ]);
  });
});
