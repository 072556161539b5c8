import type { FoundValue } from './cluster-tier.ts';

/**
 * Whether a fresh value is to be loaded anew already: XFetch (Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic
 * Cache Stampede Prevention", VLDB 2015). The nearer its end and the longer it took to load, the likelier.
 *
 * @param beta - how eager; 0 for never
 */
export function isEarly(
  { freshUntil, loadMs }: Pick<FoundValue, 'freshUntil' | 'loadMs'>,
  beta: number,
  now: number,
): boolean {
  if (beta === 0) return false;
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
