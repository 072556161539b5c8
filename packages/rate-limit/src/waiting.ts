import { AbortedError } from '@keyslot/cluster';
import { toMs } from '@keyslot/kernel';
import { RateLimiterClosedError, RateLimitRangeError } from './errors.ts';
import type { RateLimitResult } from './result.ts';
import { tellProblem } from './telling.ts';
import type { WaitOptions } from './wait-options.ts';
import { type QueueOwner, type Waiter, WaitQueue } from './wait-queue.ts';

const LONGEST_WAIT_MS = 86_400_000;

/** What those who wait need of their limiter. */
interface WaitingOwner extends Pick<QueueOwner, 'name' | 'now' | 'consume'> {
  refund(this: void, subject: string, result: RateLimitResult, waiter: Waiter): Promise<void>;
}

/** All who wait for places of a limiter: a queue for each subject. */
export class Waiting {
  readonly #owner: QueueOwner;
  readonly #queues = new Map<string, WaitQueue>();
  #isClosed = false;

  constructor({ name, now, consume, refund }: WaitingOwner) {
    this.#owner = {
      name,
      now,
      consume,
      async giveBack(subject, result, waiter) {
        try {
          await refund(subject, result, waiter);
        } catch (error) {
          tellProblem(name, 'not-refunded', error);
        }
      },
      onEmpty: (subject) => this.#queues.delete(subject),
    };
  }

  /**
   * Waits for a place, behind those who wait already.
   *
   * @throws {RateLimitTimeoutError} when there is none in time
   */
  enter(
    subject: string,
    cost: number,
    { within = '10s', signal, limits }: WaitOptions,
  ): Promise<RateLimitResult> {
    const withinMs = toMs(within, 'within', 0);
    if (withinMs > LONGEST_WAIT_MS)
      throw new RateLimitRangeError('within', within, `milliseconds from 0 to ${LONGEST_WAIT_MS} (a day)`);
    if (this.#isClosed) throw new RateLimiterClosedError(this.#owner.name);
    if (signal?.aborted) throw aborted(signal);

    return new Promise((resolve, reject) => {
      let queue = this.#queues.get(subject);
      if (queue === undefined) {
        queue = new WaitQueue(this.#owner, subject);
        this.#queues.set(subject, queue);
      }
      const joined = queue;
      const onAbort = () => {
        if (signal !== undefined && joined.leave(waiter)) reject(aborted(signal));
      };
      const waiter: Waiter = {
        cost,
        limits,
        withinMs,
        deadline: this.#owner.now() + withinMs,
        resolve(result) {
          signal?.removeEventListener('abort', onAbort);
          resolve(result);
        },
        reject(error) {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      joined.join(waiter);
    });
  }

  /** Frees all who wait. */
  close(): void {
    this.#isClosed = true;
    for (const queue of this.#queues.values()) queue.rejectAll(new RateLimiterClosedError(this.#owner.name));
  }
}

function aborted(signal: AbortSignal): AbortedError {
  return new AbortedError('waitFor', 'no', { cause: signal.reason });
}
