import { LRUCache } from 'lru-cache';
import type { Plan } from './plan.ts';
import type { RateLimitResult } from './result.ts';

interface Denial {
  readonly plan: Plan;

  /** What was asked for. Less might have been admitted. */
  readonly cost: number;

  readonly askedAt: number;

  /** Until when it is sure, in this process's milliseconds. */
  readonly until: number;
  readonly result: RateLimitResult;
}

/**
 * For how long a denial is remembered at most, in milliseconds: once a second each process looks whether another one has
 * given something back or ended a block.
 */
const LONGEST_MS = 1_000;

/**
 * Who was denied, and for how long that is sure to last: time alone frees places, so until then the cluster would say the
 * same. Unless another process gives something back: that is noticed after a second at most.
 */
export class Denials {
  readonly #denials: LRUCache<string, Denial>;
  readonly #now: () => number;

  /** @param now - milliseconds of a clock that nobody sets */
  constructor(max: number, now: () => number) {
    this.#denials = new LRUCache({ max });
    this.#now = now;
  }

  now(): number {
    return this.#now();
  }

  /** @param askedAt - when the question was sent, which is earlier than when it was answered */
  note(subject: string, plan: Plan, cost: number, result: RateLimitResult, askedAt: number): void {
    // It was rounded up to whole milliseconds.
    const until = askedAt + Math.min(result.retryAfterMs - 1, LONGEST_MS);
    if (until > this.#now()) this.#denials.set(subject, { plan, cost, askedAt, until, result });
  }

  /** The denial of the same or a lesser cost, as it is now. */
  recall(subject: string, plan: Plan, cost: number): RateLimitResult | undefined {
    if (this.#denials.size === 0) return undefined;
    const denial = this.#denials.get(subject);
    if (denial === undefined) return undefined;
    const now = this.#now();
    if (now >= denial.until || denial.plan !== plan) {
      this.#denials.delete(subject);
      return undefined;
    }
    if (cost < denial.cost) return undefined;
    const { result, askedAt } = denial;
    return {
      ...result,
      retryAfterMs: Math.ceil(askedAt + result.retryAfterMs - now),
      resetMs: Math.ceil(askedAt + result.resetMs - now),
      decidedBy: 'memory-of-denials',
    };
  }

  forget(subject: string): void {
    this.#denials.delete(subject);
  }
}
