import { RateLimitTimeoutError } from './errors.ts';
import type { LimitOptions } from './limit-options.ts';
import type { RateLimitResult } from './result.ts';
import { isOutage } from './unavailable.ts';

/** Somebody who waits. */
export interface Waiter {
  readonly cost: number;
  readonly limits: readonly LimitOptions[] | undefined;
  readonly withinMs: number;

  /** Until when, by the queue's clock. */
  readonly deadline: number;
  readonly resolve: (result: RateLimitResult) => void;
  readonly reject: (error: unknown) => void;
}

/** What a queue asks of its limiter. */
export interface QueueOwner {
  readonly name: string;
  now(): number;
  consume(subject: string, waiter: Waiter): Promise<RateLimitResult>;

  /** Gives back what was charged for somebody who no longer waits. Reports its failure itself. */
  giveBack(subject: string, result: RateLimitResult, waiter: Waiter): Promise<void>;

  /** Nobody waits any more. */
  onEmpty(subject: string): void;
}

interface Denied {
  readonly waiter: Waiter;
  readonly until: number;
  readonly result: RateLimitResult;
}

/**
 * Those who wait for one subject, in the order in which they came. Only the first asks; the others would be denied after it,
 * or overtake it. So there is one question under way at most, and one timer: for when the first may ask again, or for
 * whoever's patience ends before.
 */
export class WaitQueue {
  readonly #owner: QueueOwner;
  readonly #subject: string;
  /** In order; a set, because anybody may leave. */
  readonly #waiters = new Set<Waiter>();
  /** Whose question is under way. Its patience lasts until the answer. */
  #asked: Waiter | undefined;
  #denied: Denied | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(owner: QueueOwner, subject: string) {
    this.#owner = owner;
    this.#subject = subject;
  }

  join(waiter: Waiter): void {
    const isFirst = this.#waiters.size === 0;
    this.#waiters.add(waiter);
    if (isFirst && this.#asked === undefined && this.#denialOf(waiter) === undefined) void this.#ask(waiter);
    this.#goOn();
  }

  /** Takes somebody out, who is told by whoever calls this. */
  leave(waiter: Waiter): boolean {
    const waited = this.#waiters.delete(waiter);
    if (waited) this.#goOn();
    return waited;
  }

  rejectAll(error: unknown): void {
    const all = [...this.#waiters];
    this.#waiters.clear();
    for (const { reject } of all) reject(error);
    this.#goOn();
  }

  #goOn(): void {
    clearTimeout(this.#timer);
    const earliest = this.#dismiss();
    const [first] = this.#waiters;
    if (first === undefined) {
      if (this.#asked === undefined) this.#owner.onEmpty(this.#subject);
      return;
    }
    let next = earliest;
    if (this.#asked === undefined) {
      const denial = this.#denialOf(first);
      if (denial === undefined) void this.#ask(first);
      else next = Math.min(next, denial.until);
    }
    if (next !== Number.POSITIVE_INFINITY)
      this.#timer = setTimeout(() => this.#goOn(), Math.ceil(next - this.#owner.now()));
  }

  /** Tells those whose patience has ended, or will in vain. Returns whose ends next. */
  #dismiss(): number {
    const now = this.#owner.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const waiter of this.#waiters) {
      const denial = this.#denialOf(waiter);
      if (waiter === this.#asked) continue;
      if (waiter.deadline < (denial?.until ?? now)) {
        this.#waiters.delete(waiter);
        waiter.reject(
          new RateLimitTimeoutError(
            this.#owner.name,
            waiter.withinMs,
            this.#retryAfterMs(now),
            denial?.result,
          ),
        );
      } else if (waiter.deadline < earliest) {
        earliest = waiter.deadline;
      }
    }
    return earliest;
  }

  async #ask(waiter: Waiter): Promise<void> {
    this.#asked = waiter;
    try {
      const result = await this.#owner.consume(this.#subject, waiter);
      if (!result.allowed) {
        const until = this.#owner.now() + Math.max(result.retryAfterMs, 1);
        this.#denied = { waiter, until, result };
      } else if (this.#waiters.delete(waiter)) {
        waiter.resolve(result);
      } else {
        void this.#owner.giveBack(this.#subject, result, waiter);
      }
      this.#asked = undefined;
    } catch (error) {
      this.#asked = undefined;
      // All ask the same shard: whoever came next would only hear the same, later.
      if (isOutage(error)) this.rejectAll(error);
      else if (this.#waiters.delete(waiter)) waiter.reject(error);
    }
    this.#goOn();
  }

  /** The denial that holds for this one, too. */
  #denialOf({ cost, limits }: Waiter): Denied | undefined {
    const denied = this.#denied;
    if (denied === undefined || denied.until <= this.#owner.now()) return undefined;
    return cost >= denied.waiter.cost && limits === denied.waiter.limits ? denied : undefined;
  }

  #retryAfterMs(now: number): number {
    return Math.max(0, Math.ceil((this.#denied?.until ?? now) - now));
  }
}
