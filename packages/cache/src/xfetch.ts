import type { FoundValue } from './cluster-tier.ts';

/** How many loads there is time for, at the least, before a value stops being fresh. */
const ROOM = 2;

/**
 * Whether a fresh value is to be loaded anew already: XFetch (Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic
 * Cache Stampede Prevention", VLDB 2015). The nearer its end and the longer it took to load, the likelier.
 *
 * Each read draws, so that the more there are the sooner one of them wins: about ln(reads during one load) loads before
 * the end. That is little of a long life, and all of a short one: each value would be replaced as soon as it is there. So
 * none wins in the first half, unless a load would not be over in time then. Who wins is the only one in the fleet anyway.
 *
 * @param beta - how eager; 0 for never
 */
export function isEarly(
  { writtenAt, freshUntil, loadMs }: Pick<FoundValue, 'writtenAt' | 'freshUntil' | 'loadMs'>,
  beta: number,
  now: number,
): boolean {
  if (beta === 0) return false;
  if (freshUntil - now > Math.max((freshUntil - writtenAt) / 2, ROOM * beta * loadMs)) return false;
  // A logarithm of 0 is no number to wait for.
  return now - loadMs * beta * Math.log(1 - Math.random()) >= freshUntil;
}

/** Whether less than half of a fresh time is left. */
export function isPastHalf(
  { freshUntil }: Pick<FoundValue, 'freshUntil'>,
  ttlMs: number,
  now: number,
): boolean {
  return freshUntil - now < ttlMs / 2;
}
