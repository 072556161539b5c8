/** How long is counted, in milliseconds. */
const WINDOW_MS = 100;

/** Which subjects this process is asked for so often that they are hot. It forgets a subject within two windows. */
export class LocalRates {
  readonly #above: number;
  #counts = new Map<string, number>();
  #before = new Map<string, number>();
  #since = Number.NEGATIVE_INFINITY;

  /** @param above - from how many a second on */
  constructor(above: number) {
    this.#above = (above * WINDOW_MS) / 1000;
  }

  /** Counts one, and says whether the subject is hot. */
  count(subject: string, now: number): boolean {
    if (now - this.#since >= WINDOW_MS) {
      this.#before = now - this.#since < 2 * WINDOW_MS ? this.#counts : new Map();
      this.#counts = new Map();
      this.#since = now;
    }
    const count = (this.#counts.get(subject) ?? 0) + 1;
    this.#counts.set(subject, count);
    return count >= this.#above || this.isHot(subject);
  }

  isHot(subject: string): boolean {
    return Math.max(this.#counts.get(subject) ?? 0, this.#before.get(subject) ?? 0) >= this.#above;
  }
}
