import { setTimeout as sleep } from 'node:timers/promises';

/** Where time comes from. Everything that waits or expires takes one, so that tests can own it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;

  /** Resolves after `ms` milliseconds; rejects with the signal's reason when that comes first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
};
