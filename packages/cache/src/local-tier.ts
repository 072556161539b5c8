import type { Clock } from '@keyslot/kernel';
import { LRUCache } from 'lru-cache';
import { type Expected, isGoodFor } from './expected.ts';

/** A value kept in this process. Wrapped, so that a kept `null` is not mistaken for a miss. */
export interface Kept {
  readonly value: unknown;

  /** When it was stored in the cluster, by the clock of whoever stored it. */
  readonly writtenAt: number;

  /** Until when it is served as a fresh one, and until when as one that is better than nothing; both monotonic. */
  readonly until: number;
  readonly staleUntil: number;

  /** What those wanted for whom it was read or loaded. */
  readonly expected: Expected | undefined;
}

/** What an entry in the cluster says of a value, as far as memory is concerned. */
export interface Keepable {
  readonly value: unknown;
  readonly writtenAt: number;
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly bytes: number;

  /** When the cluster was asked for it, or to store it, by the monotonic clock: it was there no earlier. */
  readonly askedAt: number;
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
 *
 * A key has one place, whatever is expected of its value: a delete is told by the key alone. A value that was
 * kept for a reader who expects something else is a miss.
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

  get(id: string, expected?: Expected): Kept | undefined {
    if (!this.#stands) return undefined;
    const kept = this.#entries?.get(id);
    if (kept === undefined) return undefined;
    const now = this.#clock.monotonic();
    if (now < kept.until) return isGoodFor(kept.value, kept.expected, expected) ? kept : undefined;
    if (kept.staleUntil <= now) this.#entries?.delete(id);
    return undefined;
  }

  /** A copy for when the cluster has no answer: older than it should be, but deleted by nobody as far as is known. */
  stale(id: string, expected?: Expected): Kept | undefined {
    if (!this.#stands) return undefined;
    const kept = this.#entries?.peek(id);
    if (kept === undefined || kept.staleUntil <= this.#clock.monotonic()) return undefined;
    return isGoodFor(kept.value, kept.expected, expected) ? kept : undefined;
  }

  /**
   * Keeps a value no longer than it is fresh, and a copy for bad times for as long as the cluster does.
   *
   * @param expected - what those wanted for whom it was read or loaded
   */
  keep(id: string, keepable: Keepable, expected?: Expected): void {
    if (!this.#stands || this.#entries === undefined) return;
    const { value, writtenAt, bytes, askedAt } = keepable;
    const [wall, now] = [this.#clock.now(), this.#clock.monotonic()];
    // Counted from when it was asked for: the answer may have lain here while the process was busy.
    // In the second half of what is left the cluster is asked: it says when a value slides, or is to be loaded early.
    const until = Math.min(askedAt + this.#ttlMs, now + (keepable.freshUntil - wall) / 2);
    if (!(until > now)) return;
    const staleUntil = now + (keepable.staleUntil - wall);
    this.#entries.set(id, { value, writtenAt, until, staleUntil, expected }, { size: bytes });
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
