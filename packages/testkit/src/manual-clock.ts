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
  #elapsedMs = 0;

  /** What `now` was, or would have been, when nothing had elapsed. */
  #epoch: number;
  readonly #sleepers = new Set<Sleeper>();

  /** @param now - where the clock begins, in milliseconds since the epoch */
  constructor(now = 0) {
    this.#epoch = now;
  }

  /** A property, as the system clock's is: it may be handed over by itself. */
  readonly now = (): number => this.#epoch + this.#elapsedMs;

  /** How much time has passed. */
  readonly monotonic = (): number => this.#elapsedMs;

  /** Sets what time it is, as one does with a clock that is wrong. No time passes, and nobody is woken. */
  set(now: number): void {
    this.#epoch = now - this.#elapsedMs;
  }

  /** How many are asleep. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /**
   * Moves the clock on and wakes, one after the other, whoever's time has come. Each is given a turn before
   * the clock goes on, so that who sleeps again within `ms` is woken again.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms;
    for (;;) {
      const next = this.#earliest();
      if (next === undefined || next.at > end) break;
      this.#elapsedMs = Math.max(this.#elapsedMs, next.at);
      next.wake();
      await turn();
    }
    this.#elapsedMs = Math.max(this.#elapsedMs, end);
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
        at: this.#elapsedMs + ms,
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
