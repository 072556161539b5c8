import type { Key } from '@keyslot/keys';
import type { ClusterKey, ClusterTier } from './cluster-tier.ts';
import { LoaderFailedError, UnencodableValueError } from './errors.ts';
import type { Flight, Flights } from './flights.ts';
import type { Invalidations } from './invalidations.ts';
import { type Journey, newJourney, type Step, tellJourney } from './journey.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { LocalTier } from './local-tier.ts';
import type { Namespace } from './namespace.ts';
import { type NewEntry, newEntry } from './new-entry.ts';
import type { Guarding } from './no-guard.ts';
import { type EntryOptions, type Settings, ttlOf } from './options.ts';
import { shortened } from './shortened.ts';

/** Gets a value from where it really is. It should read what is committed, from the primary database. */
export type Loader<Value> = () => Promise<Value> | Value;

/** What a read passes on its way. */
export interface Stations {
  readonly settings: Settings;
  readonly namespace: Namespace;
  readonly local: LocalTier;
  readonly flights: Flights;
  readonly tier: ClusterTier;
  readonly leases: LeaseKeeper;
  readonly invalidations: Invalidations;
  readonly guard: Guarding;
}

/** One read that went past the local tier, and who shares it. */
interface Request<Value> {
  readonly key: Key<Value>;
  readonly inCluster: ClusterKey;
  readonly loader: Loader<Value>;
  readonly options: EntryOptions | undefined;
  readonly flight: Flight;
  readonly journey: Journey | undefined;
}

/**
 * One request's way. Every station is a few lines below, in this order, and a step of the journey that the
 * channel `keyslot:cache.journey` tells:
 *
 * ```
 *   getOrSet ─▶ local ───────── hit ──────────────────────────────▶ value
 *                 │ miss
 *               flight ──────── joined: one per process ──────────▶ value
 *                 │
 *               cluster ─────── hit ─────────▶ keep locally ──────▶ value
 *                 │ miss    └── away ────────▶ replica, or loader ▶ value, kept nowhere
 *               guard ───────── shard full ──▶ loader ────────────▶ value, kept nowhere
 *               lease ───────── somebody else leads: wait for it ─▶ value
 *                 │ leader
 *               loader ──────── failed ──────▶ release ───────────▶ LoaderFailedError
 *                 │
 *               guard ───────── no room: release ─────────────────▶ value, kept nowhere
 *               fill ────────── superseded, or unknown ───────────▶ value, kept nowhere
 *                 │ filled: keep locally
 *                 ▼ value
 * ```
 *
 * The tiers make answers cheaper and never impossible: whatever fails in them leads to the loader, and only
 * the loader's failure reaches the reader.
 */
export class ReadThrough {
  readonly #at: Stations;

  constructor(stations: Stations) {
    this.#at = stations;
  }

  read<Value>(key: Key<Value>, loader: Loader<Value>, options: EntryOptions | undefined): Promise<Value> {
    const journey = newJourney(key.template);
    const kept = this.#at.local.get(key.text);
    if (kept !== undefined) {
      pass(journey, { at: 'local', outcome: 'hit' });
      tellJourney(journey);
      return Promise.resolve(kept.value as Value);
    }
    pass(journey, { at: 'local', outcome: 'miss' });

    const underWay = this.#at.flights.find<Value>(key.text);
    if (underWay !== undefined) {
      pass(journey, { at: 'flight', outcome: 'joined' });
      tellJourney(journey);
      return underWay;
    }

    const inCluster = this.#at.namespace.inCluster(key);
    return this.#at.flights.start<Value>(key.text, (flight) =>
      this.#fromCluster({ key, inCluster, loader, options, flight, journey }),
    );
  }

  async #fromCluster<Value>(request: Request<Value>): Promise<Value> {
    const { inCluster, options, flight, journey } = request;
    try {
      // Checked before anything is asked: it must not depend on the tiers whether a call is correct.
      ttlOf(this.#at.settings, options);
      if (this.#isDoubtful(request)) return await this.#loadInDoubt(request, 'cluster');

      const found = await this.#at.tier.read(inCluster);
      switch (found.kind) {
        case 'value':
          // Once more: the key's owner may have changed while it was asked.
          if (this.#isDoubtful(request)) return await this.#loadInDoubt(request, 'cluster');
          pass(journey, { at: 'cluster', outcome: 'hit' });
          return this.#keep(request, found);
        case 'away':
          pass(journey, { at: 'cluster', outcome: 'away' });
          return await this.#withoutPrimary(request);
        case 'miss':
        case 'leased':
        case 'undecodable':
          pass(journey, { at: 'cluster', outcome: found.kind });
          return await this.#lead(request);
      }
    } finally {
      this.#at.flights.end(flight);
      tellJourney(journey);
    }
  }

  /** A replica's copy is better than a load for everybody, unless it is known to be old. */
  async #withoutPrimary<Value>(request: Request<Value>): Promise<Value> {
    const { key, inCluster, journey } = request;
    const copy = await this.#at.tier.readReplica(inCluster);
    if (copy.kind === 'value' && !this.#at.invalidations.mayBeOldOnReplica(key.text)) {
      pass(journey, { at: 'replica', outcome: 'hit' });
      return copy.value as Value;
    }
    pass(journey, { at: 'replica', outcome: copy.kind === 'away' ? 'away' : 'miss' });
    return this.#load(request);
  }

  async #lead<Value>(request: Request<Value>): Promise<Value> {
    const { inCluster, journey } = request;
    if (!this.#at.guard.mayLead(inCluster.slot)) {
      pass(journey, { at: 'guard', outcome: 'no-lease' });
      return this.#load(request);
    }
    const right = await this.#at.leases.leadOrWait(inCluster);
    switch (right.kind) {
      case 'value':
        if (this.#isDoubtful(request)) return this.#loadInDoubt(request, 'lease');
        pass(journey, { at: 'lease', outcome: 'hit' });
        return this.#keep(request, right);
      case 'leader':
        pass(journey, { at: 'lease', outcome: 'leader' });
        return this.#loadAndFill(request, right.token);
      case 'gave-up':
      case 'away':
        pass(journey, { at: 'lease', outcome: right.kind });
        return this.#load(request);
    }
  }

  /** Holds the lease from start to end: whatever happens, this method is where it is given back. */
  async #loadAndFill<Value>(request: Request<Value>, token: Buffer): Promise<Value> {
    const { inCluster, options, journey } = request;
    const { tier, leases, settings, guard } = this.#at;
    const startedAt = performance.now();
    let value: Value;
    let entry: NewEntry;
    try {
      value = await leases.keepDuring(inCluster, token, () => this.#load(request));
      entry = newEntry(settings, inCluster, token, value, { loadMs: performance.now() - startedAt, options });
    } catch (error) {
      await tier.release(inCluster, token);
      throw error;
    }

    const decision = guard.decide({
      slot: inCluster.slot,
      bytes: entry.bytes.length,
      ttlMs: entry.ttlMs,
    });
    if (decision.kind === 'skip') {
      pass(journey, { at: 'guard', outcome: 'skipped' });
      await tier.release(inCluster, token);
      return value;
    }
    if (decision.kind === 'shorten') {
      pass(journey, { at: 'guard', outcome: 'shortened' });
      entry = shortened(entry, decision.ttlMs);
    }
    const { outcome } = await tier.fill(inCluster, token, entry.bytes, entry.ttlMs);
    pass(journey, { at: 'fill', outcome });
    // Unknown is not filled: a delete may have come in between, and nobody would tell this process.
    if (outcome !== 'filled') return value;
    return this.#keep(request, { value, freshUntil: entry.freshUntil, bytes: entry.bytes.length });
  }

  async #load<Value>({ key, loader, journey }: Request<Value>): Promise<Value> {
    let value: Value;
    try {
      value = await loader();
    } catch (cause) {
      pass(journey, { at: 'loader', outcome: 'failed' });
      throw new LoaderFailedError(key.template, { cause });
    }
    pass(journey, { at: 'loader', outcome: 'loaded' });
    // Here rather than when it is stored: it must not depend on the cluster whether a loader is correct.
    if (value === undefined) throw new UnencodableValueError(key.template, 'it is undefined');
    return value;
  }

  #isDoubtful<Value>({ key }: Request<Value>): boolean {
    return this.#at.invalidations.isDoubtful(key.text);
  }

  /** What the cluster has may have been deleted, so it is neither read nor replaced. */
  #loadInDoubt<Value>(request: Request<Value>, at: 'cluster' | 'lease'): Promise<Value> {
    pass(request.journey, { at, outcome: 'doubtful' });
    return this.#load(request);
  }

  /** In memory only what nothing has invalidated since the work began. */
  #keep<Value>(
    { key, flight }: Request<Value>,
    {
      value,
      freshUntil,
      bytes,
    }: { readonly value: unknown; readonly freshUntil: number; readonly bytes: number },
  ): Value {
    if (flight.isClean) this.#at.local.keep(key.text, value, freshUntil, bytes);
    return value as Value;
  }
}

function pass(journey: Journey | undefined, step: Step): void {
  journey?.steps.push(step);
}
