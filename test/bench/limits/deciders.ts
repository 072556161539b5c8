import type { Decider } from './decider.ts';
import { equalScript } from './equal-script.ts';
import { inMulti, withLua } from './ioredis.ts';
import { keyslot, keyslotHot, keyslotRemembering } from './keyslot.ts';
import { nestThrottler } from './nest-throttler.ts';
import { flexible, flexibleBlocking } from './rate-limiter-flexible.ts';

/** All that are measured; the first is what the others are compared with. */
export const DECIDERS: readonly [Decider, ...Decider[]] = [
  flexible,
  flexibleBlocking,
  nestThrottler,
  inMulti,
  withLua,
  equalScript,
  keyslot,
  keyslotRemembering,
  keyslotHot,
];
