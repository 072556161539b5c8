import { type Decision, resultOf, type Standing } from './decision.ts';
import type { Limit } from './limit.ts';
import type { Plan } from './plan.ts';
import type { RateLimitResult } from './result.ts';

/** What a hot subject needs of its limiter. */
export interface HotOwner {
  readonly holdMs: number;

  /** The most places that are charged ahead. */
  readonly batch: number;

  /** Milliseconds of a clock that nobody sets. */
  now(): number;

  /** @param since - when the oldest of those that ask began to wait */
  consume(subject: string, plan: Plan, cost: number, since: number): Promise<Decision>;

  /** Whether places may be charged ahead now. */
  mayLend(subject: string): boolean;

  /** Gives back what was charged ahead. Reports its failure itself. */
  giveBack(subject: string, plan: Plan, cost: number): void;

  /** What was charged ahead and is given back to nobody, because that would be too late. */
  lose(): void;
  onDenied(subject: string, plan: Plan, cost: number, result: RateLimitResult, askedAt: number): void;

  /** What the rule says when nobody could be asked. @throws the error when it says so */
  withoutCluster(error: unknown, subject: string, plan: Plan, cost: number): RateLimitResult;
}

interface Asking {
  readonly cost: number;

  /** When it came. */
  readonly since: number;
  readonly resolve: (result: RateLimitResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Places that were charged and not handed out yet. */
interface Lease {
  left: number;
  readonly askedAt: number;
  readonly timer: NodeJS.Timeout;

  /** What was said when they were charged. */
  readonly result: RateLimitResult;
}

/**
 * Serves a subject that is asked for all the time, with one question under way at most: whoever comes meanwhile is in the
 * next one. The places go to callers in the order in which they came; a smaller cost may fit in where a greater one
 * before it did not, as when each had asked alone.
 *
 * ```
 *   lease ── a place is left, and not too old ─▶ admitted              (nothing awaited)
 *     │
 *   next question ── all of their costs, and a few ahead ─▶ admitted
 *     │      └── denied: for as many as there was room for, the first of them ─▶ admitted
 *     ▼
 *   the others: denied
 * ```
 *
 * A place is counted from when it was charged, and admitted by the lease up to `holdMs` later. So in a window are
 * those of the window, and those of `holdMs` before it. What is given back was charged up to that long ago, and the bucket may have
 * run empty without it meanwhile: as much again. Later than twice that, nothing is given back.
 */
export class HotSubject {
  readonly plan: Plan;
  readonly #owner: HotOwner;
  readonly #subject: string;
  readonly #most: number;
  #asking: Asking[] = [];
  #serving: Promise<void> | undefined;
  #lease: Lease | undefined;

  /** How often all that was charged ahead was given back early, and how often dropped. */
  #recalls = 0;
  #drops = 0;

  /** How many places were free when that was last said. */
  #free = 0;

  /** How many were handed out since the last question, and when that was. */
  #served = 0;
  #askedAt = 0;

  constructor(owner: HotOwner, subject: string, plan: Plan) {
    this.plan = plan;
    this.#owner = owner;
    this.#subject = subject;
    this.#most = Math.min(...plan.limits.map(({ most }) => most));
  }

  get isIdle(): boolean {
    return this.#serving === undefined && this.#lease === undefined;
  }

  /** Out of the lease, if that is possible. */
  take(cost: number): RateLimitResult | undefined {
    const lease = this.#lease;
    if (lease === undefined || lease.left < cost || this.#ageOf(lease) >= this.#owner.holdMs)
      return undefined;
    lease.left -= cost;
    this.#served += cost;
    const { result } = lease;
    return {
      allowed: true,
      limit: result.limit,
      remaining: result.remaining + lease.left,
      retryAfterMs: 0,
      resetMs: result.resetMs,
      limitedBy: undefined,
      decidedBy: 'lease',
    };
  }

  /** With the next question. */
  ask(cost: number): Promise<RateLimitResult> {
    return new Promise((resolve, reject) => {
      this.#asking.push({ cost, since: this.#owner.now(), resolve, reject });
      this.#serving ??= this.#serveAll();
    });
  }

  /** Gives back all that is charged ahead, also by the question that is under way. */
  recall(): void {
    this.#recalls++;
    this.#endLease();
  }

  /** Forgets all that is charged ahead, also by the question that is under way, because nobody will know of the charge. */
  drop(): void {
    this.#drops++;
    clearTimeout(this.#lease?.timer);
    this.#lease = undefined;
  }

  /** Resolves when everybody who asked is answered. */
  async served(): Promise<void> {
    await this.#serving;
  }

  #endLease(): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    clearTimeout(lease.timer);
    this.#giveBack(lease.left, lease.askedAt);
  }

  #giveBack(left: number, askedAt: number): void {
    if (left === 0) return;
    if (this.#owner.now() - askedAt > 2 * this.#owner.holdMs) this.#owner.lose();
    else this.#owner.giveBack(this.#subject, this.plan, left);
  }

  async #serveAll(): Promise<void> {
    while (this.#asking.length > 0) {
      const batch = this.#asking;
      this.#asking = [];
      await this.#serve(batch);
    }
    this.#serving = undefined;
  }

  /** Asks until each has an answer: for all at first, then for those for whom there was room. */
  async #serve(batch: readonly Asking[]): Promise<void> {
    let left = new Set(batch);
    let fitting = firstThatFit(left, this.#most);
    let ahead = this.#ahead(sumOf(fitting));
    const since = batch[0]?.since ?? this.#owner.now();
    try {
      while (fitting.length > 0) {
        const askedAt = this.#owner.now();
        const [recalls, drops] = [this.#recalls, this.#drops];
        const cost = sumOf(fitting);
        const asked = Math.min(cost + ahead, this.#most);
        const decision = await this.#owner.consume(this.#subject, this.plan, asked, since);
        this.#free = freeOf(decision, this.plan.limits);
        if (decision.admitted) {
          const result = resultOf(decision, this.plan.limits);
          const surplus = drops === this.#drops ? asked - cost : 0;
          if (recalls !== this.#recalls) this.#giveBack(surplus, askedAt);
          else if (surplus > 0) this.#lend(surplus, result, askedAt);
          this.#served += cost;
          for (const each of fitting) {
            left.delete(each);
            each.resolve(result);
          }
        }
        ahead = 0;
        fitting = firstThatFit(left, this.#free);
        // Now, and not when the others have been asked for: meanwhile places come free, and they would wait on for those.
        const kept = new Set(fitting);
        const denied = [...left].filter((each) => !kept.has(each));
        left = kept;
        this.#deny(denied, decision, sumOf(fitting), askedAt);
      }
    } catch (error) {
      for (const { cost, resolve, reject } of left) {
        try {
          resolve(this.#owner.withoutCluster(error, this.#subject, this.plan, cost));
        } catch (reason) {
          reject(reason);
        }
      }
    }
  }

  /** As many as were handed out in that time lately, if there is room. Where it is scarce, nobody gets any ahead. */
  #ahead(cost: number): number {
    const { holdMs, batch } = this.#owner;
    const now = this.#owner.now();
    const expected = (this.#served / Math.max(now - this.#askedAt, 1)) * holdMs;
    this.#served = 0;
    this.#askedAt = now;
    if (!this.#owner.mayLend(this.#subject)) return 0;
    return Math.floor(Math.max(0, Math.min(expected, batch, (this.#free - cost) / 2)));
  }

  #lend(left: number, result: RateLimitResult, askedAt: number): void {
    // Some may be left of the last one, too few for whoever came.
    this.#endLease();
    const timer = setTimeout(() => this.#endLease(), this.#owner.holdMs - (this.#owner.now() - askedAt));
    timer.unref();
    this.#lease = { left, askedAt, timer, result };
  }

  /** @param taken - what those before them get of what was free */
  #deny(all: Iterable<Asking>, { blockedUs, standings }: Decision, taken: number, askedAt: number): void {
    const results = new Map<number, RateLimitResult>();
    let least = Number.POSITIVE_INFINITY;
    for (const { cost, resolve } of all) {
      let result = results.get(cost);
      if (result === undefined) {
        const decision = {
          admitted: false,
          blockedUs,
          standings: this.#standingsFor(cost, taken, standings),
        };
        result = resultOf(decision, this.plan.limits);
        results.set(cost, result);
        if (cost < least) {
          least = cost;
          this.#owner.onDenied(this.#subject, this.plan, cost, result, askedAt);
        }
      }
      resolve(result);
    }
  }

  /** What would have been said of another cost, after what was taken. */
  #standingsFor(cost: number, taken: number, standings: readonly Standing[]): Standing[] {
    return standings.map((standing, i) => {
      const { unit = 1, letter = 'g', a = 1 } = this.plan.limits[i] ?? {};
      const free = standing.free - taken * unit;
      const over = Math.max(0, cost * unit - free);
      const resetUs = standing.resetUs + Math.ceil((taken * unit) / (letter === 't' ? a : 1));
      return { free, retryUs: letter === 't' ? Math.ceil(over / a) : over, resetUs };
    });
  }

  #ageOf({ askedAt }: Lease): number {
    return this.#owner.now() - askedAt;
  }
}

/** Those that find room, in order. */
function firstThatFit(all: Iterable<Asking>, room: number): Asking[] {
  const fitting: Asking[] = [];
  let left = room;
  for (const each of all) {
    if (each.cost > left) continue;
    left -= each.cost;
    fitting.push(each);
  }
  return fitting;
}

function sumOf(all: readonly Asking[]): number {
  return all.reduce((sum, { cost }) => sum + cost, 0);
}

/** For what cost there is room in all limits. */
function freeOf({ blockedUs, standings }: Decision, limits: readonly Limit[]): number {
  if (blockedUs > 0) return 0;
  return standings.reduce(
    (least, { free }, i) => Math.min(least, Math.max(0, Math.floor(free / (limits[i]?.unit ?? 1)))),
    Number.POSITIVE_INFINITY,
  );
}
