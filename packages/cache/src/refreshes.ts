import { slotOf } from '@keyslot/keys';
import { type Answer, answerOf } from './answer.ts';
import type { ClusterKey, Found, FoundValue } from './cluster-tier.ts';
import { LoaderFailedError, LoaderOverloadedError, LoaderTimeoutError } from './errors.ts';
import { Flights } from './flights.ts';
import { pass } from './journey.ts';
import { outOfTurn } from './loader-limit.ts';
import { within } from './patience.ts';
import { loadOf, type Request, staleOf } from './request.ts';
import type { Stations } from './stations.ts';
import { tellProblem } from './telling.ts';
import { tagOf } from './wake-channel.ts';

/** Between looks for the value that another process loads, in milliseconds, before jitter. */
const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 25;

/** What came of a refresh. `gone`: the value was deleted meanwhile, and nobody may bring it back. */
export type Refreshed<Value> = Answer<Value> | 'gone';

/**
 * Loads values anew that are there but no longer fresh, once in the fleet.
 *
 * ```
 *   stale value ─▶ joined: one per process
 *                   │
 *                 elect ── somebody else ─▶ (who waits: look until it is there)
 *                   │ elected
 *                 look once more ── a newer one ─▶ that          (whoever was slow to ask loads nothing)
 *                   │ the same
 *                 loader ─▶ replace, if the very value that was read is still there
 * ```
 *
 * Nothing is written before, so the stale value stays for everybody. The election is an independent key: it saves loads
 * and decides nothing else. What decides is the token of the value that was read: whatever deleted or replaced it since
 * makes this load too late.
 */
export class Refreshes {
  readonly #at: Stations;
  readonly #flights = new Flights();

  constructor(stations: Stations) {
    this.#at = stations;
  }

  /** Refreshes behind the reader's back. What goes wrong is told; the stale value is there for the next. */
  behind<Value>(request: Request<Value>, found: FoundValue): void {
    const { key, id, journey } = request;
    if (this.#flights.find(id) !== undefined) {
      pass(journey, { at: 'refresh', outcome: 'joined' });
      return;
    }
    pass(journey, { at: 'refresh', outcome: 'behind' });
    // Its journey is not the reader's, which ends here.
    const refreshing = outOfTurn(() => this.#start({ ...request, journey: undefined }, found, 'leave'));
    refreshing.catch((error: unknown) => {
      const why = error instanceof Error ? error.name : 'not an Error';
      tellProblem({ what: 'not-refreshed', template: key.template, why });
    });
  }

  /**
   * Refreshes for a reader who waits, for as long as he has patience. The stale value is better than none.
   */
  async now<Value>(request: Request<Value>, found: FoundValue): Promise<Refreshed<Value>> {
    const { journey, policy } = request;
    const softMs = policy.softTimeoutMs;
    try {
      const refreshing = this.#joinOrStart(request, found);
      const refreshed = softMs === undefined ? await refreshing : await within(softMs, refreshing);
      if (refreshed !== 'late') return refreshed;
      pass(journey, { at: 'refresh', outcome: 'late' });
    } catch (error) {
      if (!isLoaders(error)) throw error;
      pass(journey, { at: 'loader', outcome: 'failed' });
    }
    return answerOf(found, 'stale', this.#at.clock.now());
  }

  /** What was under way for a key is not to be kept in memory, nor joined. */
  close(id: string): void {
    this.#flights.close(id);
  }

  closeAll(): void {
    this.#flights.closeAll();
  }

  #joinOrStart<Value>(request: Request<Value>, found: FoundValue): Promise<Refreshed<Value>> {
    const { id, journey, part } = request;
    const underWay = this.#flights.find<Refreshed<Value>>(id);
    if (underWay === undefined) return this.#start(request, found, 'wait');
    pass(journey, { at: 'refresh', outcome: 'joined' });
    part?.onOthers();
    return underWay;
  }

  #start<Value>(
    request: Request<Value>,
    found: FoundValue,
    otherwise: 'wait' | 'leave',
  ): Promise<Refreshed<Value>> {
    return this.#flights.start(request.id, async (flight) => {
      try {
        return await this.#refresh({ ...request, flight }, found, otherwise);
      } finally {
        this.#flights.end(flight);
      }
    });
  }

  async #refresh<Value>(
    request: Request<Value>,
    found: FoundValue,
    otherwise: 'wait' | 'leave',
  ): Promise<Refreshed<Value>> {
    const { inCluster, journey, policy } = request;
    const { tier, settings, clock } = this.#at;
    const claim = claimOf(inCluster);
    if (claim === undefined) return await this.#load(request, found);

    const [election, there] = await Promise.all([
      tier.elect(claim, settings.leaseMs),
      tier.read(inCluster, policy.expected),
    ]);
    pass(journey, { at: 'refresh', outcome: election });
    if (election === 'somebody-else') {
      if (otherwise === 'leave') return answerOf(found, 'stale', clock.now());
      request.part?.onOthers();
      return await this.#wait(request, found, claim);
    }
    if (election === 'unknown' && otherwise === 'leave') return answerOf(found, 'stale', clock.now());
    if (isSame(found, there)) return await this.#loadElected(request, found, claim);
    void tier.prolong(claim, 0);
    return this.#instead(request, there, found);
  }

  #loadElected<Value>(request: Request<Value>, found: FoundValue, claim: ClusterKey): Promise<Answer<Value>> {
    const { tier, leases } = this.#at;
    return leases.keepElectedDuring(claim, async () => {
      const answer = await this.#load(request, found);
      // Where nothing new is there now, nobody is to try again before the claim has expired.
      if (answer.kept === 'filled' || answer.kept === 'superseded') void tier.prolong(claim, 0);
      return answer;
    });
  }

  async #load<Value>(request: Request<Value>, found: FoundValue): Promise<Answer<Value>> {
    const { id, inCluster, flight, journey } = request;
    const { loads, storing, clock, local, removal } = this.#at;
    const loaded = await loads.run(loadOf(request, staleOf<Value>(found, clock.now())));
    pass(journey, { at: 'loader', outcome: 'loaded' });
    const stored = await storing.store(inCluster, { head: found.head }, loaded, journey);
    const { value } = loaded;
    switch (stored.outcome) {
      case 'filled':
        if (flight.isClean) local.keep(id, stored.kept);
        break;
      case 'skipped':
        // Asked for by the loader, the old one stays; refused by the shard, it must not come back after the new one.
        if (stored.why !== 'by-the-loader') await removal.ofOlder(inCluster, found.head);
        break;
      case 'unknown':
        // The shard does not answer, and the caller has its value.
        void removal.ofOlder(inCluster, found.head);
        break;
      case 'superseded':
    }
    return { value, source: 'loader', ageMs: 0, kept: stored.outcome };
  }

  /** Ends by itself: whoever loads stores, or gives up and leaves it to this reader, or the reader's patience is over. */
  async #wait<Value>(
    request: Request<Value>,
    found: FoundValue,
    claim: ClusterKey,
  ): Promise<Refreshed<Value>> {
    const { inCluster, policy } = request;
    const { tier, settings, clock } = this.#at;
    const until = clock.now() + (policy.softTimeoutMs ?? settings.waitMs);
    for (
      let pauseMs = FIRST_PAUSE_MS;
      clock.now() < until;
      pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)
    ) {
      await clock.sleep(pauseMs * (0.5 + Math.random()));
      // Whoever had the claim may have failed, or died.
      const [election, there] = await Promise.all([
        tier.elect(claim, settings.leaseMs),
        tier.read(inCluster, policy.expected),
      ]);
      const isElected = election === 'elected';
      if (isSame(found, there) && isElected) return await this.#loadElected(request, found, claim);
      if (isElected) void tier.prolong(claim, 0);
      if (!isSame(found, there)) return this.#instead(request, there, found);
    }
    return answerOf(found, 'stale', clock.now());
  }

  /** Something else is there than what was to be refreshed. */
  #instead<Value>(request: Request<Value>, there: Found, found: FoundValue): Refreshed<Value> {
    const { id, flight } = request;
    const now = this.#at.clock.now();
    if (there.kind === 'away') return answerOf(found, 'stale', now);
    // Once more: the key's owner may have changed while it was asked.
    if (there.kind !== 'value' || this.#at.invalidations.isDoubtful(id)) return 'gone';
    if (flight.isClean) this.#at.local.keep(id, there);
    return answerOf(there, now < there.freshUntil ? 'cluster' : 'stale', now);
  }
}

function isSame(found: FoundValue, there: Found): boolean {
  return there.kind === 'value' && there.head.equals(found.head);
}

/** No template renders this character, so that no key of anybody's is taken for a claim. */
const CLAIM = '\0r';

/**
 * The key by which a refresh is claimed: behind that of the entry, so that whoever may touch that may touch this, and
 * in its slot. None for a text that leaves no way to it; then each process refreshes for itself.
 */
function claimOf({ text, template, slot }: ClusterKey): ClusterKey | undefined {
  for (const candidate of [text + CLAIM, `${text}${CLAIM}{${tagOf(slot)}}`])
    if (slotOf(candidate) === slot) return { text: candidate, template, slot };
  return undefined;
}

/** Whether it is the loader that failed, and not the program that uses it. */
function isLoaders(error: unknown): boolean {
  return (
    error instanceof LoaderFailedError ||
    error instanceof LoaderTimeoutError ||
    error instanceof LoaderOverloadedError
  );
}
