import type { ClusterClient } from '@keyslot/cluster';
import type { RateLimiterRes } from './rate-limiter-res.ts';

/** What a limiter needs of a client. A `ClusterClient` has it. */
export type PointsClient = Pick<ClusterClient, 'run' | 'set' | 'delete'>;

/** How a {@link FlexibleRateLimiter} is made: the options of rate-limiter-flexible's Redis limiter. Durations are seconds. */
export interface FlexibleRateLimiterOptions {
  /** The client: a `ClusterClient`, in the place of ioredis's. The limiter does not close it. */
  readonly storeClient: PointsClient;

  /** How many points a key has in a window. Any finite number from 0 up: with 0, everything is denied. */
  readonly points: number;

  /** How long a window lasts, in seconds, from the first point on: fractions are kept to the millisecond; 0 for ever. */
  readonly duration: number;

  /** What stands before every key, with a colon; `''` for nothing. @default 'rlflx' */
  readonly keyPrefix?: string;

  /** For how many seconds a key is blocked once it has consumed too many points; 0 only for the rest of its window. @default 0 */
  readonly blockDuration?: number;

  /** From how many points consumed on {@link blockDuration} blocks. Not below `points`. @default one more than `points` */
  readonly blockOnConsumed?: number;

  /** Whether points are handed out evenly over the window: promises are resolved later then. @default false */
  readonly execEvenly?: boolean;

  /** The least delay with {@link execEvenly}, in milliseconds. @default the window divided by its points */
  readonly execEvenlyMinDelayMs?: number;

  /**
   * From how many points consumed on this process denies a key by itself, without asking. Not below `points`; 0 for never.
   * What is rewarded or set, or deleted by another process, is then noticed when that time is over.
   *
   * @default 0
   */
  readonly inMemoryBlockOnConsumed?: number;

  /** For how many seconds this process does so. @default until the window or the block ends */
  readonly inMemoryBlockDuration?: number;

  /** Whether to fail at once while a key's shard is known to be away, rather than wait for the client's deadline. @default false */
  readonly rejectIfRedisNotReady?: boolean;

  /**
   * Decides when the cluster cannot be asked, as `onUnavailable` does for a `RateLimiter`: a `RateLimiterMemory`, or another
   * limiter of this interface. It is given this one's `blockDuration` and `execEvenly`. Mistakes are not covered up: a number
   * of points that is none rejects.
   *
   * @default none: the client's error is the rejection
   */
  readonly insuranceLimiter?: InsuranceLimiter;
}

/** One call's own choices. */
export interface PointsOptions {
  /** How long the window lasts if it begins with this call, in seconds. */
  readonly customDuration?: number;
}

/** The interface of rate-limiter-flexible's limiters. */
export interface InsuranceLimiter {
  blockDuration: number;
  execEvenly: boolean;
  consume(key: string | number, points?: number, options?: PointsOptions): Promise<RateLimiterRes>;
  penalty(key: string | number, points?: number, options?: PointsOptions): Promise<RateLimiterRes>;
  reward(key: string | number, points?: number, options?: PointsOptions): Promise<RateLimiterRes>;
  get(key: string | number): Promise<RateLimiterRes | null>;
  set(key: string | number, points: number, secDuration: number): Promise<RateLimiterRes>;
  block(key: string | number, secDuration: number): Promise<RateLimiterRes>;
  delete(key: string | number): Promise<boolean>;
}
