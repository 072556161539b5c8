import { randomUUID } from 'node:crypto';
import type { CallOptions } from '@keyslot/cluster';
import { type Duration, toMs } from '@keyslot/kernel';
import { RateLimitRangeError } from './errors.ts';
import { mustBeWhole } from './limit.ts';
import { mustBeOneOf } from './one-of.ts';
import { mustBeClient, type RateLimitClient } from './rate-limit-client.ts';
import type { RateLimitResult } from './result.ts';
import { type LeaseDecision, lookAtLeases, takeLease } from './scripts/index.ts';
import { SubjectKeys } from './subject-keys.ts';
import { tellDecision, tellProblem } from './telling.ts';
import { isOutage, undecided } from './unavailable.ts';

/** How a {@link ConcurrencyLimiter} is made. */
export interface ConcurrencyLimiterOptions {
  /** The cluster that decides. The limiter does not close it. */
  readonly client: RateLimitClient;

  /** What is limited: 1 to 100 letters, digits, and `. _ ~ -`. Limiters of one name share their places. */
  readonly name: string;

  /** How many may be at it at once. A whole number. */
  readonly limit: number;

  /**
   * How long a place is held unless it is released or renewed, up to a day: after that long the place of a holder that crashed
   * is free again. Work that takes longer must renew, or more than `limit` are at it.
   *
   * @default '30s'
   */
  readonly lease?: Duration;

  /** What to do when the cluster cannot be asked; as for a `RateLimiter`, without `'local'`. @default 'throw' */
  readonly onUnavailable?: 'throw' | 'open' | 'closed';

  /** How long a decision may take. @default the client's `deadline` */
  readonly deadline?: Duration;
}

/**
 * What was decided, and the lease that was given: what to release or renew. There is none when it was denied, nor when nobody
 * decided (`onUnavailable: 'open'`): who is admitted then holds no place, and has nothing to give back.
 */
export type LeaseResult =
  | (RateLimitResult & { readonly allowed: true; readonly decidedBy: 'cluster'; readonly lease: string })
  | (RateLimitResult & { readonly lease: undefined });

const LONGEST_LEASE_MS = 86_400_000;

/**
 * Limits how much a subject does at once. Who is admitted is given a lease, and releases it when done. One that crashes
 * gives its place back by itself when the lease ends.
 *
 * @example
 * ```ts run
 * import { ConcurrencyLimiter, MemoryRateLimitClient } from '@keyslot/rate-limit';
 *
 * const limiter = new ConcurrencyLimiter({ client: new MemoryRateLimitClient(), name: 'exports', limit: 1 });
 * const { lease } = await limiter.consume('user:42');
 * (await limiter.consume('user:42')).allowed; // => false
 *
 * if (lease !== undefined) await limiter.release('user:42', lease);
 * (await limiter.consume('user:42')).allowed; // => true
 * ```
 */
export class ConcurrencyLimiter {
  /** What is limited. */
  readonly name: string;
  readonly #client: RateLimitClient;
  readonly #limit: number;
  readonly #leaseUs: number;
  readonly #onUnavailable: 'throw' | 'open' | 'closed';
  readonly #call: CallOptions;
  readonly #keys: SubjectKeys;

  /**
   * @throws {RateLimitRangeError} for numbers that cannot be
   * @throws {InvalidOptionError} for other options that cannot be used
   */
  constructor({
    client,
    name,
    limit,
    lease = '30s',
    onUnavailable = 'throw',
    deadline,
  }: ConcurrencyLimiterOptions) {
    mustBeClient(client);
    mustBeWhole('limit', limit, 'a whole number from 1 up');
    const leaseMs = toMs(lease, 'lease');
    if (leaseMs > LONGEST_LEASE_MS)
      throw new RateLimitRangeError('lease', lease, `milliseconds from 1 to ${LONGEST_LEASE_MS} (a day)`);
    mustBeOneOf('onUnavailable', onUnavailable, ['throw', 'open', 'closed']);
    this.#keys = new SubjectKeys(name, ':leases');
    this.#call = deadline === undefined ? {} : { deadline: toMs(deadline, 'deadline') };
    this.name = name;
    this.#client = client;
    this.#limit = limit;
    this.#leaseUs = leaseMs * 1000;
    this.#onUnavailable = onUnavailable;
  }

  /**
   * Takes a place. It is safe to repeat: a question that was lost is asked again with the same lease.
   *
   * `retryAfterMs` of a denial is when a place is free by itself, at the latest; a release frees one sooner.
   *
   * @throws {NoSubjectError} for a subject that is empty or no text
   * @throws {ClusterError} when the cluster cannot be asked and `onUnavailable` is `'throw'`. A place may have been taken
   *   then, until its lease ends
   */
  async consume(subject: string, options?: Pick<CallOptions, 'signal' | 'deadline'>): Promise<LeaseResult> {
    const id = randomUUID();
    const result = await this.#ask(subject, id, options);
    tellDecision(this.name, 1, result);
    return result.allowed && result.decidedBy === 'cluster'
      ? { ...result, allowed: true, decidedBy: 'cluster', lease: id }
      : { ...result, lease: undefined };
  }

  /**
   * Gives a place back. `'gone'`: the lease had ended, and somebody else may have had the place since; or the answer to a
   * first attempt was lost.
   *
   * @throws {ClusterError} when the cluster cannot be asked, whatever `onUnavailable` says. The place is free when its lease ends
   */
  async release(
    subject: string,
    lease: string,
    options?: Pick<CallOptions, 'signal' | 'deadline'>,
  ): Promise<'released' | 'gone'> {
    const key = this.#keys.of(subject);
    const removed = await this.#client.call('zrem', [key.text, lease], { ...this.#call, ...options });
    return removed === 1 ? 'released' : 'gone';
  }

  /**
   * Holds a place for as long again from now on. `'lost'`: the lease had ended; stop, or take a new place.
   *
   * @throws {ClusterError} when the cluster cannot be asked, whatever `onUnavailable` says. The lease ends when it would have
   */
  async renew(
    subject: string,
    lease: string,
    options?: Pick<CallOptions, 'signal' | 'deadline'>,
  ): Promise<'renewed' | 'lost'> {
    const args = { id: lease, limit: this.#limit, leaseUs: this.#leaseUs, mode: 'renew' };
    const call = { ...this.#call, ...options };
    const { admitted } = await this.#client.run(takeLease, { leases: this.#keys.of(subject) }, args, call);
    return admitted ? 'renewed' : 'lost';
  }

  /**
   * What {@link consume} would say now. No place is taken.
   *
   * @throws {ClusterError} when the cluster cannot be asked, whatever `onUnavailable` says
   */
  async peek(subject: string, options?: Pick<CallOptions, 'signal' | 'deadline'>): Promise<RateLimitResult> {
    const args = { id: '', limit: this.#limit, leaseUs: this.#leaseUs, mode: 'peek' };
    const call = { ...this.#call, ...options };
    return this.#resultOf(
      await this.#client.run(lookAtLeases, { leases: this.#keys.of(subject) }, args, call),
    );
  }

  /**
   * Forgets who holds a place of a subject. Those who do go on, and cannot renew.
   *
   * @throws {ClusterError} when the cluster cannot be asked, whatever `onUnavailable` says
   */
  async reset(subject: string, options?: Pick<CallOptions, 'signal' | 'deadline'>): Promise<void> {
    await this.#client.delete(this.#keys.of(subject), { ...this.#call, ...options });
  }

  async #ask(subject: string, id: string, options: CallOptions | undefined): Promise<RateLimitResult> {
    const args = { id, limit: this.#limit, leaseUs: this.#leaseUs, mode: 'take' };
    const call = { ...this.#call, ...options };
    const keys = { leases: this.#keys.of(subject) };
    try {
      return this.#resultOf(await this.#client.run(takeLease, keys, args, call));
    } catch (error) {
      if (this.#onUnavailable === 'throw' || !isOutage(error)) throw error;
      tellProblem(this.name, 'unavailable', error);
      return undecided(this.#onUnavailable, this.#limit);
    }
  }

  #resultOf({ admitted, free, retryUs, resetUs }: LeaseDecision): RateLimitResult {
    return {
      allowed: admitted,
      limit: this.#limit,
      remaining: Math.max(free, 0),
      retryAfterMs: Math.ceil(retryUs / 1000),
      resetMs: Math.ceil(resetUs / 1000),
      limitedBy: admitted ? undefined : 0,
      decidedBy: 'cluster',
    };
  }
}
