import type { Clock } from '@keyslot/kernel';
import { LRUCache } from 'lru-cache';

/** A value kept in this process. Wrapped, so that a kept `null` is not mistaken for a miss. */
export interface Kept {
  readonly value: unknown;

  /** When it was stored in the cluster, by the clock of whoever stored it. */
  readonly writtenAt: number;

  /** Until when it is served as a fresh one, and until when as one that is better than nothing. */
  readonly until: number;
  readonly staleUntil: number;
}

/** What an entry in the cluster says of a value, as far as memory is concerned. */
export interface Keepable {
  readonly value: unknown;
  readonly writtenAt: number;
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly bytes: number;
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
    const now = this.#clock.now();
    const leftMs = kept.until - now;
    // More than it was given: the clock was set back, and must not prolong what may be out of date.
    if (leftMs > 0 && leftMs <= this.#ttlMs) return kept;
    if (leftMs > this.#ttlMs || kept.staleUntil <= now) this.#entries?.delete(id);
    return undefined;
  }

  /** A copy for when the cluster has no answer: older than it should be, but deleted by nobody as far as is known. */
  stale(id: string): Kept | undefined {
    if (!this.#stands) return undefined;
    const kept = this.#entries?.peek(id);
    return kept !== undefined && kept.staleUntil > this.#clock.now() ? kept : undefined;
  }

  /** Keeps a value no longer than it is fresh, and a copy for bad times for as long as the cluster does. */
  keep(id: string, { value, writtenAt, freshUntil, staleUntil, bytes }: Keepable): void {
    if (!this.#stands || this.#entries === undefined) return;
    const now = this.#clock.now();
    // In the second half of what is left the cluster is asked: it says when a value slides, or is to be loaded early.
    const until = Math.min(now + this.#ttlMs, now + (freshUntil - now) / 2);
    if (until > now) this.#entries.set(id, { value, writtenAt, until, staleUntil }, { size: bytes });
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
