import type { Answer } from './answer.ts';
import type { ClusterKey } from './cluster-key.ts';
import type { Found } from './cluster-tier.ts';
import { headOfValue } from './entry.ts';
import { pass } from './journey.ts';
import type { Loaded } from './loads.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { loadOf, type Request, staleOf } from './request.ts';
import type { Stations } from './stations.ts';
import type { Place } from './storing.ts';
import { newToken } from './token.ts';

/** Where a value may go, and whether that is the place of what was read before; or why it can go nowhere. */
type Taken =
  | { readonly place: Place; readonly isOfThere: boolean; readonly why?: undefined }
  | { readonly place?: undefined; readonly isOfThere?: undefined; readonly why: 'full' | 'away' };

/**
 * Loads a value anew, whatever is there: for callers who know that it has changed.
 *
 * The right to store is taken before the load begins, so that what others began to load earlier comes too late: a value
 * that is there gets a new token and stays for other readers; a lease is taken over. Of two who do so the one who
 * began last stands.
 */
export class Forced {
  readonly #at: Stations;

  constructor(stations: Stations) {
    this.#at = stations;
  }

  async load<Value>(request: Request<Value>): Promise<Answer<Value>> {
    const { inCluster, journey, policy } = request;
    const { tier, storing, invalidations, removal, clock } = this.#at;
    const there = await tier.read(inCluster, policy.expected, 'look');
    const { place, why, isOfThere } = await this.#take(inCluster, there);
    // Not what was deleted or replaced since it was read: a loader that says that nothing changed would bring it back.
    const stale = isOfThere && there.kind === 'value' ? staleOf<Value>(there, clock.now()) : undefined;
    let loaded: Loaded<Value>;
    try {
      loaded = await this.#run(request, place, stale);
    } catch (error) {
      pass(journey, { at: 'loader', outcome: 'failed' });
      if (place?.lease !== undefined) await storing.giveBack(inCluster, place.lease, error, policy);
      throw error;
    }
    pass(journey, { at: 'loader', outcome: 'loaded' });
    const { value } = loaded;
    if (place === undefined) {
      // What is there was known to be out of date. A shard that is away is not waited for.
      const removed = there.kind === 'value' ? removal.ofOlder(inCluster, there.head) : undefined;
      if (why === 'full') await removed;
      return { value, source: 'loader', ageMs: 0, kept: 'not-led' };
    }

    const stored = await storing.store(inCluster, place, loaded, journey);
    if (stored.outcome === 'skipped' && place.lease !== undefined) await tier.release(inCluster, place.lease);
    if (place.head !== undefined) {
      if (stored.outcome === 'unknown') await removal.ofOlderAfter(stored.error, inCluster, place.head);
      const isRefused = stored.outcome === 'skipped' && stored.why !== 'by-the-loader';
      if (isRefused) await removal.ofOlder(inCluster, place.head);
    }
    // Others have what was there before, and would keep it for as long as memory keeps anything. So would this process
    // what it has now: telling is not told apart from being told, so the next read keeps it.
    if (stored.outcome !== 'superseded') await invalidations.replaced(inCluster);
    return { value, source: 'loader', ageMs: 0, kept: stored.outcome };
  }

  #run<Value>(
    request: Request<Value>,
    place: Place | undefined,
    stale: ReturnType<typeof staleOf<Value>> | undefined,
  ): Promise<Loaded<Value>> {
    const { leases, loads } = this.#at;
    const run = () => loads.run(loadOf(request, stale));
    return place?.lease === undefined ? run() : leases.keepDuring(request.inCluster, place.lease, run);
  }

  /** No place while the shard is away or takes no writes: what is loaded is kept nowhere then. */
  async #take(key: ClusterKey, there: Found): Promise<Taken> {
    const { tier, settings, guard } = this.#at;
    if (!guard.mayLead(key.slot)) return { why: 'full' };
    const token = newToken();
    try {
      const place = { head: headOfValue(token) };
      if (there.kind === 'value') {
        const changed = await tier.retime(key, { head: there.head, token });
        if (changed === 'changed') return { place, isOfThere: true };
      }
      if ((await tier.retime(key, { token })) === 'changed') return { place, isOfThere: false };
      await tier.seize(key, token, settings.leaseMs);
      return { place: { lease: token }, isOfThere: false };
    } catch (error) {
      // The client has told. The caller gets what it asked for all the same.
      return { why: isOutOfMemory(error) ? 'full' : 'away' };
    }
  }
}
