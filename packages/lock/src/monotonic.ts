import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@keyslot/kernel';

/** The process's clock that nobody sets: `now` counts from its start. */
export const monotonicClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal ? { signal } : {}),
};

/** The same for what goes on behind: a process that has nothing else to do ends. */
const background: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { ref: false, ...(signal && { signal }) }),
};

/** By which to sleep where nobody waits. A clock that was given is used for that as well. */
export function inBackground(clock: Clock): Clock {
  return clock === monotonicClock ? background : clock;
}
