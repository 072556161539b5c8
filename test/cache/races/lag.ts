import { nowMs } from './world.ts';

const EVERY_MS = 20;

/** How far back it is looked, in milliseconds. */
const REMEMBER_MS = 5_000;

/** How long this thread did nothing although it had something to do: on a busy machine answers and messages wait for their turn. */
export class Lag {
  readonly #pauses: { readonly at: number; readonly ms: number }[] = [];
  #last = nowMs();

  constructor() {
    setInterval(() => {
      const now = nowMs();
      this.#pauses.push({ at: now, ms: now - this.#last - EVERY_MS });
      this.#last = now;
      while ((this.#pauses[0]?.at ?? now) < now - REMEMBER_MS) this.#pauses.shift();
    }, EVERY_MS).unref();
  }

  /** The longest pause of late, in milliseconds, or the one that has just been. */
  get longestMs(): number {
    return Math.max(nowMs() - this.#last, ...this.#pauses.map(({ ms }) => ms));
  }
}
