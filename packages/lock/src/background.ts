import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '@keyslot/kernel';

const background: Clock = {
  ...systemClock,
  sleep: (ms, signal) => sleep(ms, undefined, { ref: false, ...(signal && { signal }) }),
};

/** A clock to sleep by where nobody waits: a process that has nothing else to do ends. One that was given stays. */
export function inBackground(clock: Clock): Clock {
  return clock === systemClock ? background : clock;
}
