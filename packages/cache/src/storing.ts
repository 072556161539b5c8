import type { Clock } from '@keyslot/kernel';
import type { ClusterKey } from './cluster-key.ts';
import type { ClusterTier, Filled, Times } from './cluster-tier.ts';
import type { EntryFormat } from './entry-format.ts';
import { errorEntry, failureOf, noteOf } from './error-entry.ts';
import { nameOf } from './error-name.ts';
import { EntryTooLargeError, LoaderFailedError, LoaderTimeoutError } from './errors.ts';
import type { Policy } from './freshness.ts';
import { type Journey, pass } from './journey.ts';
import type { Loaded } from './loads.ts';
import type { Keepable } from './local-tier.ts';
import { type NewEntry, newEntry } from './new-entry.ts';
import type { Guarding } from './no-guard.ts';
import { shortened } from './shortened.ts';
import { tellProblem } from './telling.ts';
import { newToken } from './token.ts';
import type { SkipReason } from './write-guard.ts';

/** An entry that may be sent, or why there is none. */
export type Prepared =
  | { readonly outcome: 'ready'; readonly entry: NewEntry; readonly shortenedToMs: number | undefined }
  | Skipped;

/** A value that is not to be stored. */
export interface Skipped {
  readonly outcome: 'skipped';
  readonly why: SkipReason | 'by-the-loader' | 'over-the-limit';
}

/** What became of a value that was to be stored. */
export type Stored =
  | { readonly outcome: 'filled'; readonly kept: Keepable; readonly shortenedToMs: number | undefined }
  | { readonly outcome: 'superseded' }
  | Skipped
  | { readonly outcome: 'unknown'; readonly error: unknown };

/** Where a value goes: in the place of a lease, or of the value that begins with a head. */
export type Place =
  | { readonly lease: Buffer; readonly head?: undefined }
  | { readonly head: Buffer; readonly lease?: undefined };

/** Makes entries of values, asks the guard, and stores them in the place that was taken for them. */
export class Storing {
  readonly #tier: ClusterTier;
  readonly #guard: Guarding;
  readonly #format: EntryFormat;
  readonly #clock: Clock;

  constructor(tier: ClusterTier, guard: Guarding, format: EntryFormat, clock: Clock) {
    this.#tier = tier;
    this.#guard = guard;
    this.#format = format;
    this.#clock = clock;
  }

  /**
   * Makes an entry, and asks the guard.
   *
   * @throws {UnencodableValueError} when the value cannot be stored as it is.
   */
  prepare(key: ClusterKey, token: Buffer, loaded: Loaded<unknown>, journey?: Journey): Prepared {
    const { value, policy, loadMs, isSkipped } = loaded;
    if (isSkipped) return { outcome: 'skipped', why: 'by-the-loader' };
    let entry: NewEntry;
    try {
      entry = newEntry(key, value, { format: this.#format, clock: this.#clock, token, policy, loadMs });
    } catch (error) {
      if (!(error instanceof EntryTooLargeError)) throw error;
      // The caller has its value. That it is kept nowhere is told.
      tellProblem({ what: 'too-large', template: key.template, why: `${error.bytes} bytes` });
      return { outcome: 'skipped', why: 'over-the-limit' };
    }
    const decision = this.#guard.decide({ slot: key.slot, bytes: entry.bytes.length, ttlMs: entry.ttlMs });
    switch (decision.kind) {
      case 'store':
        return { outcome: 'ready', entry, shortenedToMs: undefined };
      case 'shorten':
        pass(journey, { at: 'guard', outcome: 'shortened' });
        return { outcome: 'ready', entry: shortened(entry, decision.ttlMs), shortenedToMs: decision.ttlMs };
      case 'skip':
        pass(journey, { at: 'guard', outcome: 'skipped' });
        return { outcome: 'skipped', why: decision.why };
    }
  }

  /**
   * Stores what was loaded. Never fails because of the cluster.
   *
   * @throws {UnencodableValueError} when the value cannot be stored as it is.
   */
  async store(key: ClusterKey, place: Place, loaded: Loaded<unknown>, journey?: Journey): Promise<Stored> {
    const prepared = this.prepare(key, place.lease ?? newToken(), loaded, journey);
    if (prepared.outcome === 'skipped') return prepared;
    const { entry, shortenedToMs } = prepared;
    const askedAt = this.#clock.monotonic();
    const filled = await this.#send(key, place, entry);
    pass(journey, { at: 'fill', outcome: filled.outcome });
    if (filled.outcome !== 'filled') return filled;
    const { writtenAt, freshUntil, ttlMs, bytes } = entry;
    const staleUntil = writtenAt + ttlMs;
    const kept = { value: loaded.value, writtenAt, freshUntil, staleUntil, bytes: bytes.length, askedAt };
    return { outcome: 'filled', kept, shortenedToMs };
  }

  /**
   * Gives a lease back whose load failed. Those who wait are told why: they asked for the same, and would get the same.
   */
  async giveBack(key: ClusterKey, lease: Buffer, error: unknown, { errorTtlMs }: Policy): Promise<void> {
    if (!(error instanceof LoaderFailedError || error instanceof LoaderTimeoutError)) {
      await this.#tier.release(key, lease);
      return;
    }
    const failure = failureOf(error instanceof LoaderFailedError ? error.cause : error);
    if (errorTtlMs > 0) await this.#tier.fill(key, lease, errorEntry(lease, failure), errorTtlMs);
    else await this.#tier.release(key, lease, noteOf(failure));
  }

  /** Gives a value that is there more time. What goes wrong is told: it lives as long as it would have. */
  async prolong(key: ClusterKey, times: Times): Promise<void> {
    try {
      await this.#tier.retime(key, times);
    } catch (error) {
      tellProblem({ what: 'not-prolonged', template: key.template, why: nameOf(error) });
    }
  }

  #send(key: ClusterKey, place: Place, { bytes, ttlMs }: NewEntry): Promise<Filled> {
    return place.lease === undefined
      ? this.#tier.replace(key, place.head, bytes, ttlMs)
      : this.#tier.fill(key, place.lease, bytes, ttlMs);
  }
}
