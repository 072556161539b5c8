import { type Answer, answerOf } from './answer.ts';
import { type Claim, claimFor, type Election } from './claims.ts';
import type { Found, FoundValue } from './cluster-tier.ts';
import { nameOf } from './error-name.ts';
import { LoaderFailedError, LoaderOverloadedError, LoaderTimeoutError } from './errors.ts';
import { type Flight, Flights } from './flights.ts';
import { pass } from './journey.ts';
import { within } from './patience.ts';
import { loadOf, type Request, staleOf } from './request.ts';
import type { Stations } from './stations.ts';
import { tellProblem } from './telling.ts';
import { outOfTurn } from './turns.ts';

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
 *                 elect ── somebody else, who waits: once more after a pause
 *                   │    └─ somebody else, who does not; it failed lately ─▶ the stale one
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
  /** By what its own does where somebody else refreshes. */
  readonly #flights = { leave: new Flights(), wait: new Flights() } as const;

  constructor(stations: Stations) {
    this.#at = stations;
  }

  /** Refreshes behind the reader's back. What goes wrong is told; the stale value is there for the next. */
  behind<Value>(request: Request<Value>, found: FoundValue): void {
    const { key, id, journey, policy } = request;
    const { leave, wait } = this.#flights;
    if ((leave.find(id, policy.expected) ?? wait.find(id, policy.expected)) !== undefined) {
      pass(journey, { at: 'refresh', outcome: 'joined' });
      return;
    }
    pass(journey, { at: 'refresh', outcome: 'behind' });
    const loader = request.part?.loaderBehind ?? request.loader;
    // Its journey is not the reader's, which ends here.
    const unseen = { ...request, loader, journey: undefined };
    const refreshing = outOfTurn(() => this.#start(unseen, found, 'leave'));
    refreshing.catch((error: unknown) => {
      tellProblem({ what: 'not-refreshed', template: key.template, why: nameOf(error) });
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
    for (const flights of Object.values(this.#flights)) flights.close(id);
  }

  closeAll(): void {
    for (const flights of Object.values(this.#flights)) flights.closeAll();
  }

  #joinOrStart<Value>(request: Request<Value>, found: FoundValue): Promise<Refreshed<Value>> {
    const { id, journey, part, policy } = request;
    const underWay = this.#flights.wait.find<Refreshed<Value>>(id, policy.expected);
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
    const flights = this.#flights[otherwise];
    const work = async (flight: Flight) => {
      try {
        return await this.#refresh({ ...request, flight }, found, otherwise);
      } finally {
        flights.end(flight);
      }
    };
    return flights.start(request.id, work, request.policy.expected);
  }

  async #refresh<Value>(
    request: Request<Value>,
    found: FoundValue,
    otherwise: 'wait' | 'leave',
  ): Promise<Refreshed<Value>> {
    const { inCluster, journey, policy, part } = request;
    const { claims, tier, settings, clock } = this.#at;
    const claim = claimFor(inCluster, found.head);
    if (claim === undefined) return await this.#load(request, found);

    const until = clock.monotonic() + (policy.softTimeoutMs ?? settings.waitMs);
    for (let looks = 0, pauseMs = FIRST_PAUSE_MS; ; looks++) {
      // Asked for with each look: whoever had the claim may have died.
      const [elected, there] = await Promise.all([
        claims.elect(claim, settings.leaseMs),
        tier.read(inCluster, policy.expected),
      ]);
      const { outcome } = isSame(found, there) ? await this.#electedNow(elected, claim) : elected;
      if (looks === 0) pass(journey, { at: 'refresh', outcome });
      const mayLoad = outcome === 'elected' || (outcome === 'unknown' && otherwise === 'wait');
      if (mayLoad && isSame(found, there)) return await this.#loadElected(request, found, claim);
      if (outcome === 'elected') void claims.end(claim);
      if (!isSame(found, there)) return this.#instead(request, there, found);
      const isOver = otherwise === 'leave' || outcome !== 'somebody-else' || clock.monotonic() >= until;
      if (isOver) return answerOf(found, 'stale', clock.now());

      if (looks === 0) part?.onOthers();
      await clock.sleep(pauseMs * (0.5 + Math.random()));
      pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS);
    }
  }

  /** Not left to somebody whose load was superseded since: nobody would load until that one ends. */
  #electedNow(elected: Election, claim: Claim): Election | Promise<Election> {
    if (elected.outcome !== 'somebody-else' || !elected.isOfOther) return elected;
    return this.#at.claims.takeOver(claim, elected.head, this.#at.settings.leaseMs);
  }

  #loadElected<Value>(request: Request<Value>, found: FoundValue, claim: Claim): Promise<Answer<Value>> {
    const { claims, leases, settings } = this.#at;
    return leases.keepElectedDuring(claim, async () => {
      let isRenewed = false;
      try {
        const answer = await this.#load(request, found);
        isRenewed = answer.kept === 'filled' || answer.kept === 'superseded';
        return answer;
      } finally {
        // Where nothing new is there now, nobody is to try again for a while, nor to wait for it.
        void (isRenewed ? claims.end(claim) : claims.fail(claim, settings.leaseMs));
      }
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
        if (flight.isClean) local.keep(id, stored.kept, flight.expected);
        break;
      case 'skipped':
        // Asked for by the loader, the old one stays; refused by the shard, it must not come back after the new one.
        if (stored.why !== 'by-the-loader') await removal.ofOlder(inCluster, found.head);
        break;
      case 'unknown':
        await removal.ofOlderAfter(stored.error, inCluster, found.head);
        break;
      case 'superseded':
    }
    return { value, source: 'loader', ageMs: 0, kept: stored.outcome };
  }

  /** Something else is there than what was to be refreshed. */
  #instead<Value>(request: Request<Value>, there: Found, found: FoundValue): Refreshed<Value> {
    const { id, flight } = request;
    const now = this.#at.clock.now();
    if (there.kind === 'away') return answerOf(found, 'stale', now);
    // Once more: the key's owner may have changed while it was asked.
    if (there.kind !== 'value' || this.#at.invalidations.isDoubtful(id)) return 'gone';
    if (flight.isClean) this.#at.local.keep(id, there, flight.expected);
    return answerOf(there, now < there.freshUntil ? 'cluster' : 'stale', now);
  }
}

function isSame(found: FoundValue, there: Found): boolean {
  return there.kind === 'value' && there.head.equals(found.head);
}

/** Whether it is the loader that failed, and not the program that uses it. */
function isLoaders(error: unknown): boolean {
  return (
    error instanceof LoaderFailedError ||
    error instanceof LoaderTimeoutError ||
    error instanceof LoaderOverloadedError
  );
}
