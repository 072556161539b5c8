import { InvalidOptionError } from '@keyslot/kernel';
import type { LoadersAllowed } from './errors.ts';

/** How many loaders a cache runs in this process: what the database gets when the cache finds nothing. */
export interface LoaderOptions {
  /**
   * How many run at once. Multiplied by the processes it is the most that reaches the database while the cluster is away;
   * lower makes callers wait sooner.
   *
   * @default 100
   */
  readonly concurrency?: number;

  /**
   * How many more wait for their turn; the next is refused with `LoaderOverloadedError`. Longer makes bursts slow, shorter
   * makes them fail. 0: nobody waits.
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
