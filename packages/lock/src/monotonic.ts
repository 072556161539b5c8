import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@keyslot/kernel';

/** The process's clock that nobody sets: `now` counts from its start. */
export const monotonicClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
};
