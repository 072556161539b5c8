import { setTimeout as sleep } from 'node:timers/promises';

/** Where time comes from. Everything that waits or expires takes one, so that tests can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;

  /**
   * Milliseconds since some moment, for durations: goes on as time does, also when the machine's clock is set. What is
   * promised to last, or to end, is measured with it.
   */
  monotonic(): number;

  /** Resolves after `ms` milliseconds; rejects with the signal's reason when that comes first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
};
