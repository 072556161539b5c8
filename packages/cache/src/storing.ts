import type { Clock } from '@keyslot/kernel';
import type { ClusterKey, ClusterTier, Filled } from './cluster-tier.ts';
import type { EntryFormat } from './entry-format.ts';
import { EntryTooLargeError } from './errors.ts';
import { type Journey, pass } from './journey.ts';
import type { Keepable } from './local-tier.ts';
import type { Loaded } from './loads.ts';
import { type NewEntry, newEntry } from './new-entry.ts';
import type { Guarding } from './no-guard.ts';
import { shortened } from './shortened.ts';
import { tellProblem } from './telling.ts';
import { newToken } from './token.ts';
import type { SkipReason } from './write-guard.ts';

/** What became of a value that was to be stored. */
export type Stored =
  | { readonly outcome: 'filled'; readonly kept: Keepable; readonly shortenedToMs: number | undefined }
  | { readonly outcome: 'superseded' }
  | { readonly outcome: 'skipped'; readonly why: SkipReason | 'by-the-loader' | 'over-the-limit' }
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
   * Never fails because of the cluster.
   *
   * @throws {UnencodableValueError} when the value cannot be stored as it is.
   */
  async store(
    key: ClusterKey,
    place: Place,
    { value, policy, loadMs, isSkipped }: Loaded<unknown>,
    journey?: Journey,
  ): Promise<Stored> {
    if (isSkipped) return { outcome: 'skipped', why: 'by-the-loader' };
    let entry: NewEntry;
    try {
      const token = place.lease ?? newToken();
      entry = newEntry(key, value, { format: this.#format, clock: this.#clock, token, policy, loadMs });
    } catch (error) {
      if (!(error instanceof EntryTooLargeError)) throw error;
      // The caller has its value. That it is kept nowhere is told.
      tellProblem({ what: 'too-large', template: key.template, why: `${error.bytes} bytes` });
      return { outcome: 'skipped', why: 'over-the-limit' };
    }
    const { ttlMs, bytes } = entry;
    const decision = this.#guard.decide({ slot: key.slot, bytes: bytes.length, ttlMs });
    if (decision.kind === 'skip') {
      pass(journey, { at: 'guard', outcome: 'skipped' });
      return { outcome: 'skipped', why: decision.why };
    }
    const isShortened = decision.kind === 'shorten';
    if (isShortened) {
      pass(journey, { at: 'guard', outcome: 'shortened' });
      entry = shortened(entry, decision.ttlMs);
    }
    const filled = await this.#send(key, place, entry);
    pass(journey, { at: 'fill', outcome: filled.outcome });
    if (filled.outcome === 'unknown') return filled;
    if (filled.outcome === 'superseded') return filled;
    const { writtenAt, freshUntil } = entry;
    const kept = { value, writtenAt, freshUntil, staleUntil: writtenAt + entry.ttlMs, bytes: entry.bytes.length };
    return { outcome: 'filled', kept, shortenedToMs: isShortened ? entry.ttlMs : undefined };
  }

  #send(key: ClusterKey, place: Place, { bytes, ttlMs }: NewEntry): Promise<Filled> {
    return place.lease === undefined
      ? this.#tier.replace(key, place.head, bytes, ttlMs)
      : this.#tier.fill(key, place.lease, bytes, ttlMs);
  }
}
