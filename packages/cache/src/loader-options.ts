import { InvalidOptionError } from '@keyslot/kernel';
import type { LoadersAllowed } from './errors.ts';

/** How many loaders a cache runs in this process: what the database gets when the cache finds nothing. */
export interface LoaderOptions {
  /**
   * How many run at once. Multiplied by the processes it is the most that reaches the database while the cluster is away;
   * lower makes callers wait sooner.
   *
   * A loader that was given up after `hardTimeout` counts until it ends, for as long again at the most: hand its `signal` to
   * what it calls, or the database has more of them than this. One that asks a cache lends its place while it waits for
   * that, and has it back before it goes on; what it does beside waiting is not counted, so do one after the other there.
   *
   * @default 100
   */
  readonly concurrency?: number;

  /**
   * How many more wait for their turn; the next is refused with `LoaderOverloadedError`, and so is who has waited for his
   * `hardTimeout`. Longer makes bursts slow, shorter makes them fail. Loaders that wait for a cache count among them. 0: nobody
   * waits.
   *
   * @default 10_000
   */
  readonly queue?: number;
}

/** @throws {InvalidOptionError} naming the option, what was received and what is allowed. */
export function loadersAllowedBy({ concurrency = 100, queue = 10_000 }: LoaderOptions = {}): LoadersAllowed {
  if (!Number.isSafeInteger(concurrency) || concurrency < 1)
    throw new InvalidOptionError('loaders.concurrency', concurrency, 'a whole number from 1 up');
  if (!Number.isSafeInteger(queue) || queue < 0)
    throw new InvalidOptionError('loaders.queue', queue, 'a whole number from 0 up');
  return { concurrency, queue };
}
