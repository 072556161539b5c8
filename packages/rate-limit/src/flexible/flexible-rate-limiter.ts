import { setTimeout as sleep } from 'node:timers/promises';
import type { CallOptions } from '@keyslot/cluster';
import { type Key, rawKey } from '@keyslot/keys';
import { tellProblem } from '../telling.ts';
import { isOutage } from '../unavailable.ts';
import { BlockedKeys } from './blocked-keys.ts';
import type { FlexibleRateLimiterOptions, InsuranceLimiter, PointsClient, PointsOptions } from './options.ts';
import { RateLimiterRes } from './rate-limiter-res.ts';
import { type Count, spend, standing } from './scripts.ts';
import { check, keptMs, msBeforeNext, msOf, notNegative, wholePoints } from './settings.ts';

/** The longest that a timer of Node waits, in milliseconds. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * A limiter with the interface and the answers of rate-limiter-flexible's `RateLimiterRedis`, on a cluster: code that uses
 * that one changes the constructor. Keys and counts are the same as well, so both can be in use at once.
 *
 * A fixed window: up to twice the points may be consumed around its end, and a denied request goes on counting. New code is
 * better off with a `RateLimiter`.
 *
 * What is different: one round trip also where it blocks, and no moment in between; fractions of a second count; `blockDuration`
 * blocks though `inMemoryBlockOnConsumed` is set; a key that is blocked for ever stays so when it is asked for; braces in a
 * key are encoded, so that nobody outside chooses a slot; an insurance limiter answers for outages, not for mistakes.
 *
 * @example
 * ```ts run cluster
 * import { ClusterClient } from '@keyslot/cluster';
 * import { FlexibleRateLimiter, RateLimiterRes } from '@keyslot/rate-limit/flexible';
 *
 * const client = new ClusterClient({ nodes: cluster.addresses });
 * const limiter = new FlexibleRateLimiter({ storeClient: client, keyPrefix: 'login', points: 2, duration: 60 });
 *
 * const first = await limiter.consume('anna');
 * first.remainingPoints; // => 1
 *
 * const denied = await limiter.consume('anna', 5).catch((reason: unknown) => reason);
 * denied instanceof RateLimiterRes; // => true
 *
 * await limiter.delete('anna'); // => true
 * await client.close();
 * ```
 */
export class FlexibleRateLimiter implements InsuranceLimiter {
  /** What stands before every key. */
  readonly keyPrefix: string;

  /** Whether points are handed out evenly over the window. */
  execEvenly: boolean;

  readonly #client: PointsClient;
  readonly #call: CallOptions;
  readonly #blockOnConsumed: number;
  readonly #execEvenlyMinDelayMs: number | undefined;
  readonly #blockInMemoryAt: number;
  readonly #blockInMemoryMs: number;
  readonly #blocked = new BlockedKeys();
  readonly #insurance: InsuranceLimiter | undefined;
  #points = 0;
  #durationMs = 0;
  #blockMs = 0;

  /**
   * @throws {InvalidOptionError} for an option that is not known, or cannot be used
   * @throws {RateLimitRangeError} for a number that cannot be
   */
  constructor(options: FlexibleRateLimiterOptions) {
    check(options);
    this.points = options.points;
    this.duration = options.duration;
    this.blockDuration = options.blockDuration ?? 0;
    this.execEvenly = options.execEvenly ?? false;
    this.keyPrefix = options.keyPrefix ?? 'rlflx';
    this.#client = options.storeClient;
    this.#call = { whenOpen: options.rejectIfRedisNotReady === true ? 'reject' : 'wait' };
    this.#blockOnConsumed = options.blockOnConsumed ?? 0;
    this.#execEvenlyMinDelayMs = options.execEvenlyMinDelayMs;
    this.#blockInMemoryAt = options.inMemoryBlockOnConsumed ?? 0;
    this.#blockInMemoryMs = (options.inMemoryBlockDuration ?? 0) * 1000;
    this.#insurance = options.insuranceLimiter;
    if (this.#insurance !== undefined) {
      this.#insurance.blockDuration = this.blockDuration;
      this.#insurance.execEvenly = this.execEvenly;
    }
  }

  /** How many points a key has in a window. */
  get points(): number {
    return this.#points;
  }
  set points(points: number) {
    this.#points = notNegative('points', points);
  }

  /** How long a window lasts, in seconds; 0 for ever. */
  get duration(): number {
    return this.#durationMs / 1000;
  }
  set duration(seconds: number) {
    this.#durationMs = msOf('duration', seconds);
  }

  /** For how many seconds a key is blocked once it has consumed too many points. */
  get blockDuration(): number {
    return this.#blockMs / 1000;
  }
  set blockDuration(seconds: number) {
    this.#blockMs = msOf('blockDuration', seconds);
  }

  /** The key in the cluster. Braces are encoded, and with them the `%` that encodes. */
  getKey(key: string | number): string {
    const encoded = `${key}`.toWellFormed().replace(/[%{}]/g, encodeURIComponent);
    return this.keyPrefix === '' ? encoded : `${this.keyPrefix}:${encoded}`;
  }

  /**
   * Consumes points, if the window has them. Rejects with a {@link RateLimiterRes} if it has not; they are counted all the
   * same.
   *
   * @throws {RateLimitRangeError} for what is no whole number of points
   */
  consume(key: string | number, pointsToConsume = 1, options?: PointsOptions): Promise<RateLimiterRes> {
    return this.#insured(
      () => this.#consume(key, wholePoints(pointsToConsume), options),
      (insurance) => insurance.consume(key, pointsToConsume, options),
    );
  }

  /** Counts points whatever is left. */
  penalty(key: string | number, points = 1, options?: PointsOptions): Promise<RateLimiterRes> {
    return this.#insured(
      () => this.#count(key, wholePoints(points), options),
      (insurance) => insurance.penalty(key, points, options),
    );
  }

  /** Gives points back; more than were consumed are there on top, until the window ends. */
  reward(key: string | number, points = 1, options?: PointsOptions): Promise<RateLimiterRes> {
    return this.#insured(
      () => this.#count(key, -wholePoints(points), options),
      (insurance) => insurance.reward(key, points, options),
    );
  }

  /** What is consumed, or `null` when nothing is counted. */
  get(key: string | number): Promise<RateLimiterRes | null> {
    return this.#insured(
      async () => {
        const count = await this.#client.run(standing, { counter: this.#key(key) }, {}, this.#call);
        return count === null ? null : this.#resultOf(count, 0);
      },
      (insurance) => insurance.get(key),
    );
  }

  /** Sets what is consumed, for so many seconds from now on; 0 for ever. @default the limiter's duration */
  set(key: string | number, points: number, secDuration = this.duration): Promise<RateLimiterRes> {
    return this.#insured(
      () => this.#set(key, wholePoints(points), msOf('secDuration', secDuration)),
      (insurance) => insurance.set(key, points, secDuration),
    );
  }

  /** Denies a key for so many seconds from now on; 0 for ever. */
  block(key: string | number, secDuration: number): Promise<RateLimiterRes> {
    return this.#insured(
      () => this.#set(key, this.#blockAt(), msOf('secDuration', secDuration)),
      (insurance) => insurance.block(key, secDuration),
    );
  }

  /** Forgets what is counted, here and in the cluster. @returns whether there was anything there */
  async delete(key: string | number): Promise<boolean> {
    const deleted = await this.#insured(
      async () => (await this.#client.delete(this.#key(key), this.#call)) === 'deleted',
      (insurance) => insurance.delete(key),
    );
    this.#blocked.forget(this.getKey(key));
    return deleted;
  }

  /** Forgets whom this process denies by itself. */
  deleteInMemoryBlockedAll(): void {
    this.#blocked.clear();
  }

  async #consume(
    key: string | number,
    points: number,
    options: PointsOptions | undefined,
  ): Promise<RateLimiterRes> {
    const blockedMs = this.#blocked.leftMs(this.getKey(key));
    // A denial is no Error: that is how callers tell it from a failure.
    if (blockedMs > 0) throw new RateLimiterRes(0, blockedMs);

    const result = await this.#count(key, points, options, this.#blockMs);
    const isDenied = result.consumedPoints > this.#points;
    this.#blockInMemory(key, result, isDenied);
    if (isDenied) throw result;
    if (this.execEvenly) await this.#wait(result);
    return result;
  }

  async #count(
    key: string | number,
    points: number,
    options: PointsOptions | undefined,
    blockMs = 0,
  ): Promise<RateLimiterRes> {
    const custom = options?.customDuration;
    const windowMs = keptMs(custom === undefined ? this.#durationMs : msOf('customDuration', custom));
    const args = { points, windowMs, blockAt: this.#blockAt(), blockMs };
    return this.#resultOf(
      await this.#client.run(spend, { counter: this.#key(key) }, args, this.#call),
      points,
    );
  }

  async #set(key: string | number, points: number, ms: number): Promise<RateLimiterRes> {
    await this.#client.set(this.#key(key), `${points}`, { ...this.#call, ttl: keptMs(ms) });
    return new RateLimiterRes(0, ms === 0 ? -1 : ms, points);
  }

  #blockInMemory(key: string | number, result: RateLimiterRes, isDenied: boolean): void {
    if (this.#blockInMemoryAt === 0 || result.consumedPoints < this.#blockInMemoryAt) return;
    const hasOwnTime = this.#blockInMemoryMs > 0;
    if (hasOwnTime && !isDenied) return;
    if (hasOwnTime && result.msBeforeNext >= 0)
      result.msBeforeNext = Math.max(result.msBeforeNext, this.#blockInMemoryMs);
    this.#blocked.block(this.getKey(key), hasOwnTime ? this.#blockInMemoryMs : result.msBeforeNext);
  }

  /** The longer, the less time is left for each of the points that are left; the first of a window does not wait. */
  async #wait(result: RateLimiterRes): Promise<void> {
    if (result.isFirstInDuration || result.msBeforeNext <= 0 || this.#points <= 0) return;
    const least = this.#execEvenlyMinDelayMs ?? Math.ceil(this.#durationMs / this.#points);
    const share = Math.ceil(result.msBeforeNext / (result.remainingPoints + 2));
    const delayMs = share < least ? result.consumedPoints * least : share;
    result.msBeforeNext = Math.max(result.msBeforeNext - delayMs, 0);
    await sleep(Math.min(delayMs, LONGEST_WAIT_MS));
  }

  /** The count that blocks. */
  #blockAt(): number {
    return this.#blockOnConsumed > this.#points ? this.#blockOnConsumed : Math.floor(this.#points) + 1;
  }

  #resultOf({ consumed, leftMs }: Count, changed: number): RateLimiterRes {
    const remaining = Math.max(this.#points - consumed, 0);
    return new RateLimiterRes(
      remaining,
      msBeforeNext(leftMs),
      consumed,
      changed !== 0 && consumed === changed,
    );
  }

  #key(key: string | number): Key<unknown> {
    return rawKey(this.getKey(key), { template: `${this.keyPrefix}:<key>` });
  }

  async #insured<Result>(
    work: () => Promise<Result>,
    instead: (insurance: InsuranceLimiter) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (this.#insurance === undefined || !isOutage(error)) throw error;
      tellProblem(this.keyPrefix, 'unavailable', error);
      return instead(this.#insurance);
    }
  }
}
