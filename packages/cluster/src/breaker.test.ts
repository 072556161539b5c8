import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Breaker, type BreakerState } from './breaker.ts';

let states: BreakerState[];
let probes: { resolve: () => void; reject: (error: Error) => void }[];
let breaker: Breaker;

beforeEach(() => {
  vi.useFakeTimers();
  states = [];
  probes = [];
  const probe = () => new Promise<void>((resolve, reject) => void probes.push({ resolve, reject }));
  breaker = new Breaker({ threshold: 5, probeAfterMs: 500 }, probe, (state) => void states.push(state));
});
afterEach(() => {
  breaker.close();
  vi.useRealTimers();
});

async function trouble(times: number): Promise<void> {
  for (let i = 0; i < times; i++) breaker.trouble();
  await vi.advanceTimersByTimeAsync(0);
}

describe('a breaker', () => {
  it('opens after so many signs of trouble within a second', async () => {
    await trouble(4);
    expect(breaker.state).toBe('closed');
    await trouble(1);
    expect(breaker.state).toBe('open');
  });

  it('forgets trouble that was long ago', async () => {
    for (let i = 0; i < 20; i++) {
      await trouble(1);
      await vi.advanceTimersByTimeAsync(600);
    }
    expect(states).toEqual([]);
  });

  it('weighs trouble against health', async () => {
    for (let i = 0; i < 10; i++) breaker.health();
    await trouble(8);
    expect(breaker.state).toBe('closed');
    await trouble(4);
    expect(breaker.state).toBe('open');
  });

  it('sends one probe after its pause, and closes when that is answered', async () => {
    breaker.open();
    await vi.advanceTimersByTimeAsync(499);
    expect([probes.length, breaker.state]).toEqual([0, 'open']);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([probes.length, breaker.state]).toEqual([1, 'half-open']);
    probes[0]?.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  it('opens again when the probe fails, and tries another one after the same pause', async () => {
    breaker.open();
    await vi.advanceTimersByTimeAsync(500);
    probes[0]?.reject(new Error('late'));
    await vi.advanceTimersByTimeAsync(500);
    expect([states, probes.length]).toEqual([['open', 'half-open', 'open', 'half-open'], 2]);
  });

  it('counts neither trouble nor health while it is not closed', async () => {
    breaker.open();
    await trouble(100);
    for (let i = 0; i < 100; i++) breaker.health();
    await vi.advanceTimersByTimeAsync(500);
    expect([states, probes.length]).toEqual([['open', 'half-open'], 1]);
  });

  it('lets nothing pass until a probe was answered when it shall verify', async () => {
    breaker.verify();
    breaker.verify();
    expect([breaker.state, probes.length]).toEqual(['half-open', 1]);
    probes[0]?.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(breaker.state).toBe('closed');
  });

  it('opens when that probe fails', async () => {
    breaker.verify();
    probes[0]?.reject(new Error('late'));
    await vi.advanceTimersByTimeAsync(0);
    expect(breaker.state).toBe('open');
  });

  it('stays open when it was opened before that probe was answered', async () => {
    breaker.verify();
    breaker.open();
    probes[0]?.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(breaker.state).toBe('open');
  });

  it('says nothing after the end', async () => {
    breaker.open();
    breaker.close();
    await trouble(10);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([states, probes.length, vi.getTimerCount()]).toEqual([['open'], 0, 0]);
  });
});
