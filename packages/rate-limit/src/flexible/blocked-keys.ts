import { LRUCache } from 'lru-cache';

/** How many are remembered. Who is forgotten is asked about again. */
const MOST = 10_000;

/** The keys that this process denies by itself, and for how long. */
export class BlockedKeys {
  readonly #until = new LRUCache<string, number>({ max: MOST });

  block(key: string, ms: number): void {
    if (ms > 0) this.#until.set(key, performance.now() + ms);
  }

  /** For how many milliseconds more; 0 when it is not blocked. */
  leftMs(key: string): number {
    const until = this.#until.get(key);
    if (until === undefined) return 0;
    const left = Math.ceil(until - performance.now());
    if (left <= 0) this.#until.delete(key);
    return Math.max(left, 0);
  }

  forget(key: string): void {
    this.#until.delete(key);
  }

  clear(): void {
    this.#until.clear();
  }
}
