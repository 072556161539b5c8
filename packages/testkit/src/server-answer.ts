import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { HOST } from './ports.ts';

/** How long a server may take to answer its first command, in milliseconds. */
const FIRST_ANSWER_MS = 20_000;

/**
 * Waits until the server on `port` answers and its working folder is `folder`. On a port that somebody else was
 * quicker to listen on, somebody else answers, from another folder.
 *
 * @param runs - whether the process that was started still does; waiting ends when it does not
 */
export async function answersAs(port: number, folder: string, runs: () => boolean): Promise<boolean> {
  const client = new Redis({
    port,
    host: HOST,
    protocol: 2,
    disableClientInfo: true,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1000,
    retryStrategy: () => 15,
  });
  client.on('error', () => {
    // Refused until the process listens. The failed command below says the same and is what we act on.
  });

  const end = performance.now() + FIRST_ANSWER_MS;
  try {
    while (runs() && performance.now() < end) {
      try {
        const [, dir] = await client.config('GET', 'dir');
        if (dir === folder) return true;
      } catch {
        // Not listening yet, or not answering yet: asked again below, until the time is over.
      }
      await sleep(15);
    }
    return false;
  } finally {
    client.disconnect();
  }
}
