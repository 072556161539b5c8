import type { CallOptions } from '@keyslot/cluster';
import { type Duration, toMs } from '@keyslot/kernel';
import { callFor, whatIsLeft } from './call.ts';
import { Charging } from './charging.ts';
import { type ConsumeOutcome, type ConsumeRequest, consumeEach } from './consume-many.ts';
import { nearestOf, resultOf, shortResult } from './decision.ts';
import { Denials } from './denials.ts';
import { HotSubjects } from './hot-subjects.ts';
import { blockMsOf, type Limit, mustBeCost, mustBeWhole } from './limit.ts';
import { LocalShare } from './local-share.ts';
import { mustBeOneOf } from './one-of.ts';
import { type Plan, planOf } from './plan.ts';
import { mustBeClient } from './rate-limit-client.ts';
import type { ConsumeOptions, RateLimiterOptions } from './rate-limiter-options.ts';
import type { RateLimitResult, RateLimitState } from './result.ts';
import { mustBeSubject } from './subject-keys.ts';
import { tellDecision, tellProblem } from './telling.ts';
import { isOutage, type OnUnavailable, undecided } from './unavailable.ts';
import type { WaitOptions } from './wait-options.ts';
import { Waiting } from './waiting.ts';

/**
 * Limits how much subjects (users, addresses, keys of an API) may do, in the whole fleet.
 *
 * ```
 *   consume ─▶ memory of denials ── denied a moment ago ─▶ denied               (nothing awaited)
 *                │
 *              hot subject, if asked for ── `hot-subject.ts` ─▶ admitted or denied  (few questions, or none)
 *                │
 *              cluster: one script, one key ── a limit is reached ─▶ denied     (nothing written, nothing charged)
 *                │                    └── cannot be asked ─▶ onUnavailable: throw, open, closed, local
 *                ▼
 *              admitted, all limits charged
 * ```
 *
 * Time is the server's. A request whose outcome is not known is not repeated: it may have been charged.
 *
 * @example
 * ```ts run cluster
 * import { ClusterClient } from '@keyslot/cluster';
 * import { RateLimiter } from '@keyslot/rate-limit';
 *
 * const client = new ClusterClient({ nodes: cluster.addresses });
 * const limiter = new RateLimiter({
 *   client,
 *   name: 'api',
 *   limits: [
 *     { limit: 3, per: '1m' },
 *     { limit: 1000, per: '1d' },
 *   ],
 * });
 *
 * const first = await limiter.consume('user:42');
 * first.allowed; // => true
 * first.remaining; // => 2
 *
 * const tooMuch = await limiter.consume('user:42', 3);
 * tooMuch.allowed; // => false
 * tooMuch.limitedBy; // => 0
 * tooMuch.retryAfterMs <= 20_000; // => true
 *
 * await limiter.close();
 * await client.close();
 * ```
 */
export class RateLimiter implements AsyncDisposable {
  /** What is limited. */
  readonly name: string;
  readonly #charging: Charging;
  readonly #limits: RateLimiterOptions['limits'];
  readonly #fixed: Plan | undefined;
  readonly #now: () => number;
  readonly #onUnavailable: OnUnavailable;
  readonly #call: CallOptions;
  readonly #denials: Denials | undefined;
  readonly #hot: HotSubjects | undefined;
  readonly #waiting: Waiting;
  readonly #local: LocalShare | undefined;

  /**
   * @throws {RateLimitRangeError} for numbers that cannot be
   * @throws {InvalidOptionError} for other options that cannot be used
   */
  constructor({
    client,
    name,
    limits,
    onUnavailable = 'throw',
    deadline,
    whenOpen = 'wait',
    rememberDenials = 10_000,
    hot,
    now = client?.now ?? (() => performance.now()),
  }: RateLimiterOptions) {
    mustBeClient(client);
    mustBeOneOf('onUnavailable', onUnavailable, ['throw', 'open', 'closed', 'local']);
    mustBeOneOf('whenOpen', whenOpen, ['wait', 'reject']);
    if (rememberDenials !== 0) mustBeWhole('rememberDenials', rememberDenials, 'a whole number from 0 up');
    this.#charging = new Charging(client, name);
    this.#fixed = typeof limits === 'function' ? undefined : planOf(limits);
    this.#call = { whenOpen, ...(deadline !== undefined && { deadline: toMs(deadline, 'deadline') }) };
    this.name = name;
    this.#now = now;
    this.#limits = limits;
    this.#onUnavailable = onUnavailable;
    this.#denials = rememberDenials === 0 ? undefined : new Denials(rememberDenials, now);
    this.#hot =
      hot &&
      new HotSubjects(hot, {
        ...{ name, now, charging: this.#charging, call: this.#call, denials: this.#denials },
        fixed: this.#fixed,
        withoutCluster: (...asked) => this.#withoutCluster(...asked),
      });
    this.#waiting = new Waiting({
      name,
      now,
      consume: (subject, { cost, limits: own }) => this.consume(subject, cost, own && { limits: own }),
      refund: (subject, result, { cost, limits: own }) =>
        this.refund(subject, result, cost, own && { limits: own }),
    });
    if (onUnavailable === 'local') this.#local = new LocalShare(client, name, now);
  }

  /**
   * Charges a cost to all limits of a subject, or to none.
   *
   * @param subject - who: any text, also one that comes from outside. It decides where in the cluster the counters lie
   * @param cost - how much, a whole number
   * @throws {NoSubjectError} for a subject that is empty or no text
   * @throws {RateLimitRangeError} for a cost that is none, or above what the limits could ever admit
   * @throws {AbortedError} when `signal` is aborted, whose reason is the `cause`; it may have been charged
   * @throws {ClusterError} when the cluster cannot be asked and `onUnavailable` is `'throw'`
   */
  async consume(subject: string, cost = 1, options?: ConsumeOptions): Promise<RateLimitResult> {
    const plan = this.#planOf(subject, options);
    mustBeCost(cost, plan.limits);
    const known = this.#denials?.recall(subject, plan, cost);
    if (known !== undefined) return this.#told(cost, known);

    const call = this.#options(options);
    if (this.#hot !== undefined && call === this.#call) {
      const served = await this.#hot.consume(subject, plan, cost);
      if (served !== undefined) return this.#told(cost, served);
    }
    const askedAt = this.#now();
    try {
      const [limit] = plan.limits as readonly [Limit];
      // Awaited here and not in a function of its own: each promise costs as much as all that is done here.
      const level = plan.kind === 'gcra' ? await this.#charging.short(subject, limit, cost, call) : null;
      // Only after the short way is any of the deadline spent.
      const left = level === null ? whatIsLeft(call, this.#now() - askedAt) : call;
      const result =
        level === null
          ? resultOf(await this.#charging.ask(subject, plan, 'consume', cost, left), plan.limits)
          : shortResult(level, limit, cost);
      if (!result.allowed) this.#denials?.note(subject, plan, cost, result, askedAt);
      return this.#told(cost, result);
    } catch (error) {
      return this.#told(cost, this.#withoutCluster(error, subject, plan, cost));
    }
  }

  /**
   * Charges many subjects at once, with one write to each shard. Each is decided by itself.
   *
   * @returns the outcomes in the order of the requests
   */
  consumeMany(requests: readonly ConsumeRequest[], options?: ConsumeOptions): Promise<ConsumeOutcome[]> {
    return consumeEach(requests, (subject, cost) => this.consume(subject, cost, options));
  }

  /**
   * Waits until a subject is admitted, in the order of the calls in this process. Whoever calls {@link consume} does not
   * queue; between processes, chance decides who is next.
   *
   * ```ts
   * await limiter.waitFor('mail:example.com', 1, { within: '30s' });
   * ```
   *
   * @throws {NoSubjectError} for a subject that is empty or no text
   * @throws {AbortedError} when `signal` is aborted, whose reason is the `cause`; nothing stays charged
   * @throws {RateLimitTimeoutError} when it is not admitted in time, at once when that is sure
   * @throws {RateLimiterClosedError} when the limiter is closed
   * @throws {ClusterError} when the cluster cannot be asked and `onUnavailable` is `'throw'`: to all who wait for that subject
   */
  async waitFor(subject: string, cost = 1, options: WaitOptions = {}): Promise<RateLimitResult> {
    mustBeCost(cost, this.#planOf(subject, options).limits);
    return this.#waiting.enter(subject, cost, options);
  }

  /** What {@link consume} would say now. Nothing is charged. Rejects when the cluster cannot be asked. */
  async peek(subject: string, cost = 1, options?: ConsumeOptions): Promise<RateLimitResult> {
    const plan = this.#planOf(subject, options);
    mustBeCost(cost, plan.limits);
    const decision = await this.#charging.ask(subject, plan, 'peek', cost, this.#options(options));
    return resultOf(decision, plan.limits);
  }

  /**
   * Charges a subject whatever it has used, so that it is denied for longer: for a failed login. Up to twice what fits
   * in can be owed.
   */
  async penalty(subject: string, cost = 1, options?: ConsumeOptions): Promise<RateLimitState> {
    return this.#force(subject, cost, 1, options);
  }

  /** Gives a subject back what it was charged: for a request that failed through no fault of its own. Never more than it used. */
  async reward(subject: string, cost = 1, options?: ConsumeOptions): Promise<RateLimitState> {
    return this.#force(subject, cost, -1, options);
  }

  /**
   * Gives a subject back what a request was charged, wherever that was: in the cluster, or in this process while the cluster
   * could not be asked. A request that nobody decided, or that was denied, was charged nothing.
   *
   * @param result - what {@link consume} returned, for the same cost and options
   */
  async refund(
    subject: string,
    { allowed, decidedBy }: RateLimitResult,
    cost = 1,
    options?: ConsumeOptions,
  ): Promise<void> {
    if (!allowed) return;
    if (decidedBy === 'local') this.#local?.giveBack(subject, this.#planOf(subject, options), cost);
    else if (decidedBy === 'cluster' || decidedBy === 'lease') await this.reward(subject, cost, options);
  }

  /** Denies a subject everything for a time, whatever it has used. What it has used goes on as ever meanwhile. */
  async block(subject: string, duration: Duration, options?: ConsumeOptions): Promise<void> {
    const blockMs = blockMsOf(duration);
    const plan = this.#planOf(subject, options);
    const call = this.#options(options);
    await this.#change(subject, 'recall', () => this.#charging.block(subject, plan, blockMs * 1000, call));
    this.#denials?.forget(subject);
  }

  /** Forgets what a subject has used, and ends its block. */
  async reset(subject: string, options?: Pick<ConsumeOptions, 'signal' | 'deadline'>): Promise<void> {
    await this.#change(subject, 'drop', () => this.#charging.reset(subject, this.#options(options)));
    this.#denials?.forget(subject);
    this.#local?.forget(subject);
  }

  /** Frees all who wait, gives back what was charged ahead, and tells the others that this process shares no longer. */
  async close(): Promise<void> {
    this.#waiting.close();
    await this.#hot?.close();
    await this.#local?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @throws the error, when it is no outage or there is no rule for one */
  #withoutCluster(error: unknown, subject: string, plan: Plan, cost: number): RateLimitResult {
    if (this.#onUnavailable === 'throw' || !isOutage(error)) throw error;
    tellProblem(this.name, 'unavailable', error);
    if (this.#local !== undefined) return this.#local.consume(subject, plan, cost);
    return undecided(this.#onUnavailable === 'open' ? 'open' : 'closed', plan.limits[0]?.limit ?? 0);
  }

  #told(cost: number, result: RateLimitResult): RateLimitResult {
    tellDecision(this.name, cost, result);
    return result;
  }

  async #force(
    subject: string,
    cost: number,
    sign: 1 | -1,
    options: ConsumeOptions | undefined,
  ): Promise<RateLimitState> {
    mustBeWhole('cost', cost, 'a whole number from 1 up');
    const plan = this.#planOf(subject, options);
    const call = this.#options(options);
    const decision = await this.#change(subject, 'recall', () =>
      this.#charging.ask(subject, plan, 'force', sign * cost, call),
    );
    this.#denials?.forget(subject);
    return nearestOf(decision, plan.limits);
  }

  #change<T>(subject: string, left: 'recall' | 'drop', make: () => Promise<T>): Promise<T> {
    return this.#hot === undefined ? make() : this.#hot.change(subject, left, make);
  }

  #planOf(subject: string, options: Pick<ConsumeOptions, 'limits'> | undefined): Plan {
    mustBeSubject(subject);
    if (options?.limits !== undefined) return planOf(options.limits);
    return (
      this.#fixed ?? planOf((this.#limits as (subject: string) => Parameters<typeof planOf>[0])(subject))
    );
  }

  #options(options: ConsumeOptions | undefined): CallOptions {
    return callFor(this.#call, options);
  }
}
