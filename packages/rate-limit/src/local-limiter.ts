import { LRUCache } from 'lru-cache';
import type { Limit } from './limit.ts';
import type { Plan } from './plan.ts';
import type { RateLimitResult } from './result.ts';

/** How many subjects are known at once. Beyond that the one that was asked for longest ago begins anew. */
const MOST_SUBJECTS = 100_000;

/**
 * Decides in this process, while the cluster cannot be asked: GCRA for every limit, whatever its algorithm, with this
 * process's share of it.
 *
 * A share of a burst is one at least. A cost above the share is admitted when nothing else was for long enough, or it could
 * never be.
 */
export class LocalLimiter {
  readonly #emptyAt = new LRUCache<string, readonly number[]>({ max: MOST_SUBJECTS });
  readonly #now: () => number;

  /** @param now - milliseconds of a clock that nobody sets */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param processes - among how many the limits are divided */
  consume(subject: string, { limits }: Plan, cost: number, processes: number): RateLimitResult {
    const now = this.#now();
    const known = this.#emptyAt.get(subject) ?? [];
    const asked = limits.map((limit, i) => {
      const unitMs = (limit.periodMs * processes) / limit.limit;
      const capacity = Math.max(Math.floor(limit.most / processes), cost, 1) * unitMs;
      // What was charged under another plan, or among more processes, is owed no longer than the greatest cost would be. Not
      // than this one's bucket lasts: a greater cost before it may owe more.
      const level = Math.min(Math.max((known[i] ?? 0) - now, 0), limit.most * unitMs);
      const waitMs = level + cost * unitMs - capacity;
      // A wait below a thousandth of a millisecond is an error of rounding.
      return { limit, unitMs, capacity, level, waitMs: waitMs < 1e-3 ? 0 : waitMs };
    });

    const allowed = asked.every(({ waitMs }) => waitMs === 0);
    if (allowed) {
      this.#emptyAt.set(
        subject,
        asked.map(({ level, unitMs }) => now + level + cost * unitMs),
      );
    }
    const states = asked.map((each, i) => ({
      ...each,
      at: i,
      level: allowed ? each.level + cost * each.unitMs : each.level,
    }));
    const chosen = states.reduce((best, each) =>
      (allowed ? remainingOf(each) < remainingOf(best) : each.waitMs > best.waitMs) ? each : best,
    );
    return {
      allowed,
      limit: chosen.limit.limit,
      remaining: remainingOf(chosen),
      retryAfterMs: Math.ceil(chosen.waitMs),
      resetMs: Math.ceil(chosen.level),
      limitedBy: allowed ? undefined : chosen.at,
      decidedBy: 'local',
    };
  }

  /** Gives back what a request was charged. What is not used any more is not credited. */
  giveBack(subject: string, { limits }: Plan, cost: number, processes: number): void {
    const known = this.#emptyAt.get(subject);
    if (known === undefined) return;
    const rest = limits.map(
      ({ periodMs, limit }, i) => (known[i] ?? 0) - (cost * periodMs * processes) / limit,
    );
    this.#emptyAt.set(subject, rest);
  }

  forget(subject: string): void {
    this.#emptyAt.delete(subject);
  }
}

function remainingOf(of: {
  readonly limit: Limit;
  readonly capacity: number;
  readonly level: number;
  readonly unitMs: number;
}): number {
  return Math.max(0, Math.floor((of.capacity - of.level) / of.unitMs + 1e-9));
}
