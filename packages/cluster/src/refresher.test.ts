import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Refresher } from './refresher.ts';

let asked: number[];
let refresher: Refresher;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  asked = [];
  const start = performance.now();
  refresher = new Refresher(() => asked.push(performance.now() - start));
});
afterEach(() => {
  refresher.close();
  vi.useRealTimers();
});

describe('the topology', () => {
  it('is asked for at once when something goes wrong', () => {
    refresher.soon();
    expect(asked).toEqual([0]);
  });

  it('is asked for at most eight times a second, however often something goes wrong', () => {
    for (let ms = 0; ms < 1000; ms++) {
      refresher.soon();
      vi.advanceTimersByTime(1);
    }
    expect(asked.length).toBeGreaterThanOrEqual(8);
    expect(asked.slice(1).every((at, i) => at - (asked[i] ?? 0) >= 125)).toBe(true);
  });

  it('is asked for now and then when nothing goes wrong, not in step', () => {
    refresher.rest();
    vi.advanceTimersByTime(60_000);
    const pauses = asked.slice(1).map((at, i) => at - (asked[i] ?? 0));
    expect(asked.length).toBeGreaterThanOrEqual(24);
    expect(pauses.every((pause) => pause >= 1500 && pause <= 2501)).toBe(true);
    expect(new Set(pauses.map(Math.round)).size).toBeGreaterThan(5);
  });

  it('is not asked for while it was learnt by other ways', () => {
    for (let i = 0; i < 100; i++) {
      refresher.rest();
      vi.advanceTimersByTime(1000);
    }
    expect(asked).toEqual([]);
  });

  it('is soon asked for although there would be time', () => {
    refresher.rest();
    vi.advanceTimersByTime(500);
    refresher.soon();
    expect(asked).toEqual([500]);
  });

  it('is not asked for after the end', () => {
    refresher.soon();
    refresher.soon();
    refresher.close();
    refresher.soon();
    refresher.rest();
    vi.advanceTimersByTime(10_000);
    expect([asked, vi.getTimerCount()]).toEqual([[0], 0]);
  });
});
