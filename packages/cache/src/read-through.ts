import type { AnyKey, Key } from '@keyslot/keys';
import { type Answer, answerOf } from './answer.ts';
import type { Found, FoundValue } from './cluster-tier.ts';
import type { SharedFailure } from './error-entry.ts';
import { FailedElsewhereError, LoaderFailedError } from './errors.ts';
import type { Flight } from './flights.ts';
import { Forced } from './forced.ts';
import type { Policy } from './freshness.ts';
import { newJourney, pass, tellJourney } from './journey.ts';
import type { Leading } from './lease-keeper.ts';
import type { Loaded, Loader } from './loads.ts';
import type { Kept } from './local-tier.ts';
import { timesOf } from './new-entry.ts';
import { Refreshes } from './refreshes.ts';
import { loadOf, type Part, type ReadOptions, type Request } from './request.ts';
import type { Stations } from './stations.ts';
import { isEarly, isPastHalf } from './xfetch.ts';

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
 *                 │ miss    ├── stale ───────▶ a refresh, behind or waited for ▶ value, or the stale one
 *                 │         └── away ────────▶ replica, memory, or loader ──────▶ value, kept nowhere
 *               lease ───────── somebody else leads: wait for it ─▶ value
 *                 │ leader
 *               loader ──────── failed ──────▶ release ───────────▶ LoaderFailedError
 *                 │
 *               fill ────────── superseded, skipped, or unknown ──▶ value, kept nowhere
 *                 │ filled: keep locally
 *                 ▼ value
 * ```
 *
 * The tiers make answers cheaper and never impossible: whatever fails in them leads to the loader, and only
 * the loader's failure reaches the reader; not even that, where there is a stale value.
 */
export class ReadThrough {
  readonly #at: Stations;
  readonly #refreshes: Refreshes;
  readonly #forced: Forced;

  constructor(stations: Stations) {
    this.#at = stations;
    this.#refreshes = new Refreshes(stations);
    this.#forced = new Forced(stations);
  }

  /** What this process's memory has, unless it is to be loaded anew. Its journey ends here. */
  local(key: AnyKey, id: string, options?: ReadOptions): Kept | undefined {
    if (options?.forceRefresh === true) return undefined;
    const kept = this.#at.local.get(id, this.#at.settings.policies.expectedOf(key.template, options));
    if (kept === undefined) return undefined;
    const journey = newJourney(key.template);
    pass(journey, { at: 'local', outcome: 'hit' });
    tellJourney(journey);
    return kept;
  }

  /** What was not in memory. */
  read<Value>(
    key: Key<Value>,
    id: string,
    loader: Loader<Value>,
    options: ReadOptions | undefined,
    part?: Part<Value>,
  ): Promise<Answer<Value>> {
    let policy: Policy;
    try {
      // Checked before anything is asked: it must not depend on others, or the tiers, whether a call is correct.
      policy = this.#at.settings.policies.of(key.template, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const journey = newJourney(key.template);
    pass(journey, { at: 'local', outcome: 'miss' });
    const isForced = options?.forceRefresh === true;
    const flights = this.#at.flights[policy.refresh];
    const underWay = isForced ? undefined : flights.find<Answer<Value>>(id, policy.expected);
    if (underWay !== undefined) {
      pass(journey, { at: 'flight', outcome: 'joined' });
      tellJourney(journey);
      part?.onOthers();
      return underWay;
    }

    const inCluster = this.#at.namespace.inCluster(key);
    const asked = { key, id, inCluster, loader, policy, isForced, part, journey };
    const work = async (flight: Flight) => {
      try {
        return await this.#fromCluster({ ...asked, flight });
      } finally {
        flights.end(flight);
        tellJourney(journey);
      }
    };
    return flights.start<Answer<Value>>(id, work, policy.expected);
  }

  /** What is kept of a key, and what is under way for it, is out of date. */
  forget(id: string): void {
    for (const flights of Object.values(this.#at.flights)) flights.close(id);
    this.#refreshes.close(id);
  }

  forgetAll(): void {
    for (const flights of Object.values(this.#at.flights)) flights.closeAll();
    this.#refreshes.closeAll();
  }

  async #fromCluster<Value>(request: Request<Value>): Promise<Answer<Value>> {
    const { key, inCluster, journey, policy } = request;
    if (this.#isDoubtful(request)) return await this.#loadInDoubt(request, 'cluster');
    if (request.isForced) return await this.#forced.load(request);

    const { tier, temperature } = this.#at;
    const found = temperature.isCold(key.template)
      ? await this.#leadAtOnce(request)
      : await tier.read(inCluster, policy.expected);
    if (found.kind !== 'away') temperature.note(key.template, found.kind === 'value' ? 'hit' : 'miss');
    switch (found.kind) {
      case 'leader':
        pass(journey, { at: 'lease', outcome: 'leader' });
        return await this.#loadAndFill(request, found.token);
      case 'value':
        // Once more: the key's owner may have changed while it was asked.
        if (this.#isDoubtful(request)) return await this.#loadInDoubt(request, 'cluster');
        return this.#found(request, found);
      case 'away':
        pass(journey, { at: 'cluster', outcome: 'away' });
        return await this.#withoutPrimary(request);
      case 'failed':
        pass(journey, { at: 'cluster', outcome: 'failed' });
        throw this.#failedElsewhere(request, found.failure);
      case 'miss':
      case 'ended':
      case 'leased':
      case 'undecodable':
        pass(journey, { at: 'cluster', outcome: found.kind === 'ended' ? 'miss' : found.kind });
        return await this.#lead(request);
    }
  }

  /** Where there is likely nothing: the right to load, or what is there all the same. */
  async #leadAtOnce<Value>({ inCluster, policy }: Request<Value>): Promise<Found | Leading> {
    const { tier, leases, guard } = this.#at;
    if (!guard.mayLead(inCluster.slot)) return tier.read(inCluster, policy.expected);
    const found = await leases.lead(inCluster, policy.expected);
    // A node that takes no writes may still have the value.
    return found.kind === 'away' ? tier.read(inCluster, policy.expected) : found;
  }

  #found<Value>(request: Request<Value>, found: FoundValue): Answer<Value> | Promise<Answer<Value>> {
    const { journey, policy } = request;
    const now = this.#at.clock.now();
    if (now < found.freshUntil) {
      pass(journey, { at: 'cluster', outcome: 'hit' });
      if (isEarly(found, policy.earlyRefresh, now)) this.#refreshes.behind(request, found);
      else if (policy.sliding) this.#prolong(request, found, now);
      return this.#keep(request, found, 'cluster', now);
    }
    pass(journey, { at: 'cluster', outcome: 'stale' });
    if (policy.refresh === 'blocking') return this.#refresh(request, found);
    this.#refreshes.behind(request, found);
    return answerOf(found, 'stale', now);
  }

  async #refresh<Value>(request: Request<Value>, found: FoundValue): Promise<Answer<Value>> {
    const refreshed = await this.#refreshes.now(request, found);
    return refreshed === 'gone' ? await this.#lead(request) : refreshed;
  }

  /** A copy is better than a load for everybody, unless it is known to be old. */
  async #withoutPrimary<Value>(request: Request<Value>): Promise<Answer<Value>> {
    const { id, inCluster, journey, policy } = request;
    const { tier, invalidations, local, clock } = this.#at;
    const copy = await tier.readReplica(inCluster, policy.expected);
    if (copy.kind === 'value' && !invalidations.mayBeOldOnReplica(id)) {
      pass(journey, { at: 'replica', outcome: 'hit' });
      return answerOf(copy, 'stale', clock.now());
    }
    pass(journey, { at: 'replica', outcome: copy.kind === 'away' ? 'away' : 'miss' });
    const kept = local.stale(id, policy.expected);
    if (kept === undefined) return this.#load(request);
    pass(journey, { at: 'memory', outcome: 'stale' });
    return answerOf(kept, 'stale', clock.now());
  }

  async #lead<Value>(request: Request<Value>): Promise<Answer<Value>> {
    const { inCluster, journey, policy, part } = request;
    if (!this.#at.guard.mayLead(inCluster.slot)) {
      pass(journey, { at: 'guard', outcome: 'no-lease' });
      return this.#load(request);
    }
    const right = await this.#at.leases.leadOrWait(
      inCluster,
      policy.expected,
      part && (() => part.onOthers()),
    );
    switch (right.kind) {
      case 'value':
        if (this.#isDoubtful(request)) return this.#loadInDoubt(request, 'lease');
        pass(journey, { at: 'lease', outcome: 'hit' });
        return this.#keep(request, right, 'loader', this.#at.clock.now());
      case 'leader':
        pass(journey, { at: 'lease', outcome: 'leader' });
        return this.#loadAndFill(request, right.token);
      case 'failed':
        pass(journey, { at: 'lease', outcome: 'failed' });
        throw this.#failedElsewhere(request, right.failure);
      case 'gave-up':
      case 'away':
        pass(journey, { at: 'lease', outcome: right.kind });
        return this.#load(request);
    }
  }

  /** Holds the lease from start to end: whatever happens, this method is where it is given back. */
  async #loadAndFill<Value>(request: Request<Value>, token: Buffer): Promise<Answer<Value>> {
    const { id, inCluster, journey, flight } = request;
    const { tier, leases, storing, local } = this.#at;
    let loaded: Loaded<Value>;
    try {
      loaded = await leases.keepDuring(inCluster, token, () => this.#run(request));
    } catch (error) {
      await storing.giveBack(inCluster, token, error, request.policy);
      throw error;
    }
    let isStored = false;
    try {
      const stored = await storing.store(inCluster, { lease: token }, loaded, journey);
      isStored = stored.outcome !== 'skipped';
      // Unknown is not filled: a delete may have come in between, and nobody would tell this process.
      if (stored.outcome === 'filled' && flight.isClean) local.keep(id, stored.kept, flight.expected);
      return { value: loaded.value, source: 'loader', ageMs: 0, kept: stored.outcome };
    } finally {
      if (!isStored) await tier.release(inCluster, token);
    }
  }

  /** Without a lease: what comes of it is kept nowhere. */
  async #load<Value>(request: Request<Value>): Promise<Answer<Value>> {
    const { value } = await this.#run(request);
    return { value, source: 'loader', ageMs: 0, kept: 'not-led' };
  }

  async #run<Value>(request: Request<Value>): Promise<Loaded<Value>> {
    try {
      const loaded = await this.#at.loads.run(loadOf(request));
      pass(request.journey, { at: 'loader', outcome: 'loaded' });
      return loaded;
    } catch (error) {
      pass(request.journey, { at: 'loader', outcome: 'failed' });
      throw error;
    }
  }

  /** Being read is a reason to live longer. Nobody waits for it. */
  #prolong<Value>(
    { inCluster, policy }: Request<Value>,
    { head, value, freshUntil }: FoundValue,
    now: number,
  ): void {
    const { freshMs, graceMs } = timesOf(value, policy);
    if (!isPastHalf({ freshUntil }, freshMs, now)) return;
    const times = { head, freshUntil: now + freshMs, staleUntil: now + freshMs + graceMs };
    void this.#at.storing.prolong(inCluster, { ...times, ttlMs: freshMs + graceMs });
  }

  #isDoubtful<Value>({ id }: Request<Value>): boolean {
    return this.#at.invalidations.isDoubtful(id);
  }

  /** What the cluster has may have been deleted, so it is neither read nor replaced. */
  #loadInDoubt<Value>(request: Request<Value>, at: 'cluster' | 'lease'): Promise<Answer<Value>> {
    pass(request.journey, { at, outcome: 'doubtful' });
    return this.#load(request);
  }

  #failedElsewhere<Value>({ key }: Request<Value>, failure: SharedFailure): LoaderFailedError {
    const cause = new FailedElsewhereError(failure.name, failure.code);
    return new LoaderFailedError(key.template, { cause });
  }

  /** In memory only what nothing has invalidated since the work began. */
  #keep<Value>(
    { id, flight }: Request<Value>,
    found: FoundValue,
    source: 'cluster' | 'loader',
    now: number,
  ): Answer<Value> {
    if (flight.isClean) this.#at.local.keep(id, found, flight.expected);
    return answerOf(found, source, now);
  }
}
