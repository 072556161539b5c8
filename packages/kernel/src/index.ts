export { type Clock, systemClock } from './clock.ts';
export { type Duration, toMs, toTimerMs } from './duration.ts';
export { InvalidOptionError, isKeyslotError, KeyslotError } from './errors.ts';
