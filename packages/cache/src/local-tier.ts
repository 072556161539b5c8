import type { Clock } from '@keyslot/kernel';
import { LRUCache } from 'lru-cache';

/** A value kept in this process. Wrapped, so that a kept `null` is not mistaken for a miss. */
export interface Kept {
  readonly value: unknown;
  readonly until: number;
}

/** How much the local tier may hold, and for how long. */
export interface LocalTierSettings {
  readonly ttlMs: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/**
 * Values in this process's memory. Never waits and never throws.
 *
 * It serves only while messages about deletes arrive: what was kept before a gap is forgotten. Its bytes are
 * counted as the entries' bytes in Redis.
 */
export class LocalTier {
  readonly #entries: LRUCache<string, Kept> | undefined;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  #stands = false;

  constructor(settings: LocalTierSettings | undefined, clock: Clock) {
    this.#clock = clock;
    this.#ttlMs = settings?.ttlMs ?? 0;
    if (settings !== undefined) {
      const { maxEntries, maxBytes } = settings;
      this.#entries = new LRUCache({ max: maxEntries, maxSize: maxBytes });
    }
  }

  get(id: string): Kept | undefined {
    if (!this.#stands) return undefined;
    const kept = this.#entries?.get(id);
    if (kept === undefined) return undefined;
    const leftMs = kept.until - this.#clock.now();
    // More than it was given: the clock was set back, and must not prolong what may be out of date.
    if (leftMs > 0 && leftMs <= this.#ttlMs) return kept;
    this.#entries?.delete(id);
    return undefined;
  }

  /** Keeps a value no longer than it is fresh. */
  keep(id: string, value: unknown, freshUntil: number, bytes: number): void {
    if (!this.#stands || this.#entries === undefined) return;
    const now = this.#clock.now();
    const until = Math.min(now + this.#ttlMs, freshUntil);
    if (until > now) this.#entries.set(id, { value, until }, { size: bytes });
  }

  forget(id: string): void {
    this.#entries?.delete(id);
  }

  /** Messages arrive from now on, or do not. Either way what is kept may be out of date. */
  stand(stands: boolean): void {
    this.#stands = stands;
    this.#entries?.clear();
  }
}
