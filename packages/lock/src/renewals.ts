import type { Clock } from '@keyslot/kernel';
import { inBackground } from './background.ts';

/** Something that has to be looked at in time. */
export interface Timed {
  /** When it has to be looked at next, by the clock. */
  readonly nextAt: number;

  /** Does what is due. It does not throw. */
  look(now: number): void;
}

/** The least that lies between two looks, in milliseconds. */
const GRAIN_MS = 2;

/** Looks at all that is held by one timer, which is set for whatever is due first. */
export class Renewals {
  readonly #clock: Clock;
  readonly #held = new Set<Timed>();
  #wakesAt = Number.POSITIVE_INFINITY;
  #asleep: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = inBackground(clock);
  }

  /** Everything that is held now. */
  get all(): Iterable<Timed> {
    return this.#held;
  }

  /** Has it looked at, from now on until {@link Renewals.end}. Again after its `nextAt` has come nearer. */
  hold(timed: Timed): void {
    this.#held.add(timed);
    this.#wakeAt(timed.nextAt);
  }

  end(timed: Timed): void {
    // The timer stays: it finds nothing to do, which is cheaper than a new one for each lock.
    this.#held.delete(timed);
  }

  close(): void {
    this.#held.clear();
    this.#asleep?.abort();
    this.#asleep = undefined;
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }

  #wakeAt(at: number): void {
    if (at >= this.#wakesAt) return;
    this.#asleep?.abort();
    const asleep = new AbortController();
    this.#asleep = asleep;
    this.#wakesAt = at;
    this.#clock.sleep(Math.max(GRAIN_MS, at - this.#clock.monotonic()), asleep.signal).then(
      () => this.#look(),
      // Another timer has taken its place.
      () => {},
    );
  }

  #look(): void {
    this.#wakesAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const timed of this.#held) {
      timed.look(now);
      if (this.#held.has(timed)) next = Math.min(next, timed.nextAt);
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next);
  }
}
