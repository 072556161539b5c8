import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterNotReadyError } from './errors.ts';

/**
 * Asks again and again until nothing is missing any more.
 *
 * @param what - the state waited for, as a sentence's start
 * @param missing - what is still missing, or `undefined` once the state is reached
 * @throws {ClusterNotReadyError} with the last thing that was missing.
 */
export async function until(
  what: string,
  timeoutMs: number,
  missing: () => Promise<string | undefined>,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const lack = await missing();
    if (lack === undefined) return;
    if (performance.now() >= end) throw new ClusterNotReadyError(what, timeoutMs, lack);
    await sleep(20);
  }
}
