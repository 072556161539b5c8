import type { ClusterKey } from './cluster-key.ts';
import type { Policy } from './freshness.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import type { ExpireResult, SetResult, TouchResult } from './outcomes.ts';
import type { Stations } from './stations.ts';
import type { Prepared, Skipped } from './storing.ts';
import { newToken } from './token.ts';

/** Changes that callers make by themselves: values that are set, and times that are moved. */
export class Writes {
  readonly #at: Stations;

  constructor(stations: Stations) {
    this.#at = stations;
  }

  /** Stores a value in the place of whatever is there, and tells the others. @throws {UnencodableValueError} */
  async set(key: ClusterKey, value: unknown, policy: Policy): Promise<SetResult> {
    const result = await this.setUntold(key, value, policy);
    if (result.outcome !== 'skipped') await this.#at.invalidations.replaced(key);
    return result;
  }

  /** The same, for a caller who tells the others himself; except of what was skipped, which is a delete. */
  async setUntold(key: ClusterKey, value: unknown, policy: Policy): Promise<SetResult> {
    const token = newToken();
    const prepared = this.#at.storing.prepare(key, token, { value, policy, loadMs: 0, isSkipped: false });
    this.#at.invalidations.replacing(key);
    if (prepared.outcome === 'skipped') return await this.#skip(key, prepared.why);
    const result = await this.#send(key, token, prepared);
    // Whoever sees the old value after he was told of the new one would think that it came back.
    if (result.outcome === 'failed' && isOutOfMemory(result.error))
      return await this.#skip(key, 'out-of-memory');
    return result;
  }

  /** Has the value be stale from now on. Loads under way are to replace it no more. */
  async expire(key: ClusterKey): Promise<ExpireResult> {
    this.#at.invalidations.replacing(key);
    try {
      const times = { token: newToken(), freshUntil: 0, otherwise: 'remove' } as const;
      const changed = await this.#at.tier.retime(key, times);
      await this.#at.invalidations.replaced(key);
      return { outcome: changed === 'absent' ? 'absent' : 'expired' };
    } catch (error) {
      if (!isOutOfMemory(error)) {
        await this.#at.invalidations.replaced(key);
        return { outcome: 'failed', error };
      }
      // To change it takes memory, to remove it does not.
      await this.#at.invalidations.delete(key);
      return { outcome: 'expired' };
    }
  }

  /** Has the value be fresh for a whole `ttl` from now on. */
  async touch(key: ClusterKey, { ttlMs, graceMs }: Policy): Promise<TouchResult> {
    const freshUntil = this.#at.clock.now() + ttlMs;
    const times = { freshUntil, staleUntil: freshUntil + graceMs, ttlMs: ttlMs + graceMs };
    try {
      const changed = await this.#at.tier.retime(key, times);
      return { outcome: changed === 'changed' ? 'touched' : 'absent' };
    } catch (error) {
      return { outcome: 'failed', error };
    }
  }

  /**
   * Two steps, so that one that is late does no harm: a late lease only makes others wait, and a late fill finds its
   * lease gone.
   */
  async #send(
    key: ClusterKey,
    token: Buffer,
    { entry, shortenedToMs }: Extract<Prepared, { outcome: 'ready' }>,
  ): Promise<SetResult> {
    const { tier, settings } = this.#at;
    try {
      await tier.seize(key, token, settings.leaseMs);
    } catch (error) {
      return { outcome: 'failed', error };
    }
    const filled = await tier.fill(key, token, entry.bytes, entry.ttlMs);
    switch (filled.outcome) {
      case 'filled':
        return shortenedToMs === undefined ? { outcome: 'stored' } : { outcome: 'stored', shortenedToMs };
      case 'superseded':
        return { outcome: 'superseded' };
      case 'unknown':
        return { outcome: 'failed', error: filled.error };
    }
  }

  async #skip(key: ClusterKey, why: Skipped['why']): Promise<SetResult> {
    const { outcome } = await this.#at.invalidations.delete(key);
    return { outcome: 'skipped', why, old: outcome };
  }
}
