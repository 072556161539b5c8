import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadlines, type Expiring } from './deadlines.ts';

let deadlines: Deadlines;
let expired: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  deadlines = new Deadlines(() => performance.now());
  expired = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function itemOf(name: string, onExpire?: () => void): Expiring {
  return {
    expiresAt: 0,
    nextExpiring: undefined,
    previousExpiring: undefined,
    expirySlot: undefined,
    expire: () => {
      expired.push(name);
      onExpire?.();
    },
  };
}

function added(name: string, afterMs: number): Expiring {
  const item = itemOf(name);
  deadlines.add(item, afterMs);
  return item;
}

describe('deadlines', () => {
  it('end in the order in which their time is over, whatever their lengths', () => {
    added('long', 300);
    added('short', 100);
    vi.advanceTimersByTime(50);
    added('short later', 100);
    added('middle', 200);

    vi.advanceTimersByTime(500);
    expect(expired).toEqual(['short', 'short later', 'middle', 'long']);
  });

  it('are never early, and late by some milliseconds at most', () => {
    const addedAt: number[] = [];
    const late: number[] = [];
    for (let i = 0; i < 200; i++) {
      addedAt[i] = performance.now();
      deadlines.add(
        itemOf(`${i}`, () => late.push(performance.now() - (addedAt[i] ?? 0) - 100)),
        100,
      );
      vi.advanceTimersByTime(3);
    }
    vi.advanceTimersByTime(200);
    expect(late).toHaveLength(200);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThanOrEqual(6);
  });

  it('do not end what was removed: the first, the last, one between, the only one', () => {
    const [a, , c, , e] = ['a', 'b', 'c', 'd', 'e'].map((name) => added(name, 100));
    for (const removed of [a, c, e]) if (removed) deadlines.remove(removed);
    const only = added('only', 50);
    deadlines.remove(only);

    vi.advanceTimersByTime(200);
    expect(expired).toEqual(['b', 'd']);
  });

  it('take a second removal, and one after the end, for nothing', () => {
    const a = added('a', 100);
    added('b', 100);
    deadlines.remove(a);
    deadlines.remove(a);
    vi.advanceTimersByTime(100);
    deadlines.remove(a);
    vi.advanceTimersByTime(100);
    expect(expired).toEqual(['b']);
  });

  it('take what was removed again', () => {
    const a = added('a', 100);
    deadlines.remove(a);
    vi.advanceTimersByTime(60);
    deadlines.add(a, 100);
    vi.advanceTimersByTime(99);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(10);
    expect(expired).toEqual(['a']);
  });

  it('may be added and removed by what ends', () => {
    const neighbour = itemOf('neighbour');
    deadlines.add(
      itemOf('first', () => {
        deadlines.remove(neighbour);
        added('added', 100);
      }),
      100,
    );
    deadlines.add(neighbour, 100);
    vi.advanceTimersByTime(300);
    expect(expired).toEqual(['first', 'added']);
  });

  it('after a stall end when what came meanwhile has been read', async () => {
    let now = 0;
    deadlines = new Deadlines(() => now);
    const answered = added('answered', 100);
    added('unanswered', 100);
    now = 300;
    vi.advanceTimersByTime(100);
    expect(expired).toEqual([]);
    // The answer lay in the socket.
    deadlines.remove(answered);
    await new Promise((resolve) => setImmediate(resolve));
    expect([expired, deadlines.isEmpty]).toEqual([['unanswered'], true]);
  });

  it('end nothing after they were stopped during a stall', async () => {
    let now = 0;
    deadlines = new Deadlines(() => now);
    added('a', 100);
    now = 300;
    vi.advanceTimersByTime(100);
    expect(deadlines.stop()).toHaveLength(1);
    added('b', 1000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(expired).toEqual([]);
  });

  it('cost one timer for each length, however many there are', () => {
    for (let i = 0; i < 1000; i++) added(`${i}`, 100 + (i % 3));
    expect(vi.getTimerCount()).toBe(3);
  });

  it('cost few timers also when each has a length of its own, and end at most a hundredth later', () => {
    const endedAt = new Map<number, number>();
    for (let i = 0; i < 20_000; i++) {
      const afterMs = 20_000 + i;
      deadlines.add(
        itemOf('', () => void endedAt.set(afterMs, performance.now() - start)),
        afterMs,
      );
    }
    const start = performance.now();
    expect(vi.getTimerCount()).toBeLessThanOrEqual(250);
    vi.advanceTimersByTime(41_000);
    expect([endedAt.size, vi.getTimerCount()]).toEqual([20_000, 0]);
    const late = [...endedAt].map(([afterMs, ms]) => ms / afterMs - 1);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThan(0.011);
  });

  it('leave no timer of lengths that are rare when they are removed, and one of a common one', () => {
    const items = Array.from({ length: 1_000 }, (_, i) => added(`${i}`, 10_000 + i * 100));
    for (const item of items) deadlines.remove(item);
    expect(vi.getTimerCount()).toBe(32);
    const again = added('again', 10_000);
    vi.advanceTimersByTime(9_999);
    deadlines.remove(again);
    added('rounded', 50_001);
    vi.advanceTimersByTime(200_000);
    expect([expired, vi.getTimerCount()]).toEqual([['rounded'], 0]);
  });

  it('leave no timer and no list when all have ended', () => {
    for (let length = 1; length <= 500; length++) deadlines.remove(added(`${length}`, length));
    vi.advanceTimersByTime(1100);
    expect(vi.getTimerCount()).toBe(0);
    expect(expired).toEqual([]);
  });

  it('may be longer than a timer can be', () => {
    const days = 24 * 60 * 60 * 1000;
    added('30 days', 30 * days);
    vi.advanceTimersByTime(29 * days);
    expect([expired, vi.getTimerCount()]).toEqual([[], 1]);
    vi.advanceTimersByTime(days + 10);
    expect(expired).toEqual(['30 days']);
  });

  it('hand back what is open when they are stopped, and end nothing after that', () => {
    const [a, b, c] = [added('a', 100), added('b', 200), added('c', 100)];
    deadlines.remove(a);
    expect(new Set(deadlines.stop())).toEqual(new Set([b, c]));
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1000);
    expect([expired, deadlines.stop()]).toEqual([[], []]);
  });
});
