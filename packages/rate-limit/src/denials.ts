import { LRUCache } from 'lru-cache';
import type { Plan } from './plan.ts';
import type { RateLimitResult } from './result.ts';

interface Denial {
  readonly plan: Plan;

  /** What was asked for. Less might have been admitted. */
  readonly cost: number;

  /** When it was said, which is later than when it was decided. */
  readonly answeredAt: number;

  /** Until when it is sure, in this process's milliseconds. */
  readonly until: number;
  readonly result: RateLimitResult;
}

/** That something was changed by this limiter: what was asked before says nothing of what is now. */
interface Forgotten {
  readonly forgottenAt: number;
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
  readonly #denials: LRUCache<string, Denial | Forgotten>;
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
    const before = this.#denials.peek(subject);
    if (before !== undefined && 'forgottenAt' in before && askedAt < before.forgottenAt) return;
    const answeredAt = this.#now();
    // It was rounded up to whole milliseconds.
    const until = askedAt + Math.min(result.retryAfterMs - 1, LONGEST_MS);
    if (until > answeredAt) this.#denials.set(subject, { plan, cost, answeredAt, until, result });
  }

  /** The denial of the same or a lesser cost, as it is now. */
  recall(subject: string, plan: Plan, cost: number): RateLimitResult | undefined {
    if (this.#denials.size === 0) return undefined;
    const denial = this.#denials.get(subject);
    if (denial === undefined || 'forgottenAt' in denial) return undefined;
    const now = this.#now();
    if (now >= denial.until || denial.plan !== plan) {
      this.#denials.delete(subject);
      return undefined;
    }
    if (cost < denial.cost) return undefined;
    const { result, answeredAt } = denial;
    return {
      ...result,
      // From when it was said, as the caller was told then: who waits for that long is not too early.
      retryAfterMs: Math.ceil(answeredAt + result.retryAfterMs - now),
      resetMs: Math.ceil(answeredAt + result.resetMs - now),
      decidedBy: 'memory-of-denials',
    };
  }

  /** From now on the cluster is asked again, also about what is denied by an answer that is still under way. */
  forget(subject: string): void {
    this.#denials.set(subject, { forgottenAt: this.#now() });
  }
}
