/** The longest first and the longest of all pauses, in milliseconds. */
const FIRST_MS = 10;
const LONGEST_MS = 250;

/**
 * How long to wait before an attempt, in milliseconds: exponential with full jitter, so that those who failed
 * together do not come back together (Brooker, "Exponential Backoff and Jitter", AWS 2015).
 *
 * @param attempts - how many have failed, from 1 up
 */
export function backoffMs(attempts: number): number {
  return Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempts - 1, 16));
}
