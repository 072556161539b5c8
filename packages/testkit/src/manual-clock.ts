import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '@keyslot/kernel';

interface Sleeper {
  readonly at: number;
  wake(): void;
}

/**
 * A clock that stands still until it is told otherwise.
 *
 * @example
 * ```ts run
 * import { ManualClock } from '@keyslot/testkit';
 *
 * const clock = new ManualClock();
 * let woken = false;
 * const sleeping = clock.sleep(1000).then(() => (woken = true));
 * await clock.advance(999);
 * woken; // => false
 * await clock.advance(1);
 * woken; // => true
 * await sleeping;
 * ```
 */
export class ManualClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();

  /** @param now - where the clock begins, in milliseconds since the epoch */
  constructor(now = 0) {
    this.#now = now;
  }

  /** A property, as the system clock's is: it may be handed over by itself. */
  readonly now = (): number => this.#now;

  /** How many are asleep. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /**
   * Moves the clock on and wakes, one after the other, whoever's time has come. Each is given a turn before
   * the clock goes on, so that who sleeps again within `ms` is woken again.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#earliest();
      if (next === undefined || next.at > end) break;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await turn();
    }
    this.#now = Math.max(this.#now, end);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (ms <= 0) return;
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', abort);
      };
      const abort = () => {
        leave();
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        at: this.#now + ms,
        wake: () => {
          leave();
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  #earliest(): Sleeper | undefined {
    let earliest: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (!earliest || sleeper.at < earliest.at) earliest = sleeper;
    return earliest;
  }
}
