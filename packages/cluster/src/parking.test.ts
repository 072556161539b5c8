import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callOf } from './call.fixture.ts';
import type { Call } from './call.ts';
import { Parking } from './parking.ts';

let tried: Call[];
let parking: Parking;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  tried = [];
  parking = new Parking(3, (call) => void tried.push(call));
});
afterEach(() => {
  parking.close();
  vi.useRealTimers();
});

describe('a parked call', () => {
  it('is tried again once its backoff is over', () => {
    const call = callOf();
    parking.park(call, 'a');
    expect([call.isParked, call.failures, tried.length]).toEqual([true, 1, 0]);
    vi.advanceTimersByTime(100);
    expect(tried).toEqual([call]);
    expect([call.isParked, call.isRetry, vi.getTimerCount()]).toEqual([false, false, 0]);
  });

  it('is a retry only if it was written before', () => {
    const call = callOf();
    call.willWrite();
    parking.park(call, 'a');
    parking.release();
    expect(call.isRetry).toBe(true);
  });

  it('is tried at once when something has changed', () => {
    const call = callOf();
    call.failures = 10;
    parking.park(call, 'a');
    parking.release();
    expect(tried).toEqual([call]);
  });

  it('comes back when it fails once more, without being tried twice in one round', () => {
    const calls = [callOf(), callOf()];
    let rounds = 0;
    const again = new Parking(3, (call) => {
      rounds++;
      again.park(call, 'a');
    });
    for (const call of calls) again.park(call, 'a');
    again.release();
    expect([rounds, again.size]).toEqual([2, 2]);
    again.close();
  });

  it('is not tried when another one of the same round has taken it out', () => {
    const [first, second] = [callOf(), callOf()];
    const once = new Parking(3, (call) => {
      tried.push(call);
      once.take(second);
    });
    once.park(first, 'a');
    once.park(second, 'a');
    once.release();
    expect(tried).toEqual([first]);
    expect(second.isParked).toBe(false);
    once.close();
  });

  it('has a place for each primary only so often, and gives it back', () => {
    const calls = [callOf(), callOf(), callOf(), callOf()] as const;
    expect(calls.map((call) => parking.park(call, 'a'))).toEqual([
      'parked',
      'parked',
      'parked',
      'overloaded',
    ]);
    expect([calls[3].isParked, parking.park(callOf(), 'b'), parking.park(callOf(), undefined)]).toEqual([
      false,
      'parked',
      'parked',
    ]);
    parking.take(calls[0]);
    parking.take(calls[0]);
    expect([parking.park(calls[3], 'a'), parking.park(callOf(), 'a')]).toEqual(['parked', 'overloaded']);
  });

  it('is left alone after the end', () => {
    parking.park(callOf(), 'a');
    parking.close();
    parking.park(callOf(), 'a');
    vi.advanceTimersByTime(1_000);
    expect([tried, vi.getTimerCount()]).toEqual([[], 0]);
  });
});
