import type { CallOptions } from '@keyslot/cluster';
import type { Duration } from '@keyslot/kernel';
import type { HotOptions } from './hot-options.ts';
import type { LimitOptions } from './limit-options.ts';
import type { RateLimitClient } from './rate-limit-client.ts';
import type { OnUnavailable } from './unavailable.ts';

/** How a {@link RateLimiter} is made. */
export interface RateLimiterOptions {
  /** The cluster that decides. The limiter does not close it. */
  readonly client: RateLimitClient;

  /**
   * What is limited, like `'api'` or `'login'`: 1 to 100 letters, digits, and `. _ ~ -`. Limiters of one name share what was
   * used, so all processes give it the same limits. It is in keys, telemetry and messages.
   */
  readonly name: string;

  /**
   * The limits of every subject, all charged or none; or a function that gives a subject's, for plans. What was used stays
   * when a plan changes, as far as the limit at the same place has the same algorithm: see `docs/rate-limits.md`.
   * Give the same arrays again and again: one that is new each time is checked each time.
   */
  readonly limits: readonly LimitOptions[] | ((subject: string) => readonly LimitOptions[]);

  /**
   * What to do when the cluster cannot be asked. It is never taken for a denial: `decidedBy` says which it was.
   *
   * - `'throw'`: reject with the client's error
   * - `'open'`: admit
   * - `'closed'`: deny
   * - `'local'`: decide in this process, with the limits divided by the number of processes that announce themselves.
   *   It takes a connection to hear them, and {@link RateLimiter.close} ends that
   *
   * @default 'throw'
   */
  readonly onUnavailable?: OnUnavailable;

  /**
   * How long a decision may take, with all that is asked for it, before `onUnavailable` decides.
   *
   * @default the client's `deadline`, for each question: a decision takes up to three
   */
  readonly deadline?: Duration;

  /**
   * What to do while the key's shard is known to be away: `'wait'` for it until the deadline, or `'reject'` at once, so that
   * `onUnavailable` decides. Rejecting, a slot that moves may be taken for an outage for a moment.
   *
   * @default 'wait'
   */
  readonly whenOpen?: CallOptions['whenOpen'];

  /**
   * How many denied subjects this process remembers, to answer them without asking while they are sure to be denied; 0 for
   * none. Each costs about 300 bytes. What another process gives back to one of them is noticed up to a second later.
   *
   * @default 10_000
   */
  readonly rememberDenials?: number;

  /**
   * Serves subjects that this process is asked for very often with few questions, and partly without. It costs exactness at the
   * limit, by a bound that {@link HotOptions.hold} states. Limits of `gcra` and `token-bucket` only: others are refused where they are fixed, and a plan that a
   * function gives asks by itself if it has one. So do calls with a `signal` or a
   * `deadline` of their own.
   *
   * @default undefined: every decision asks
   */
  readonly hot?: HotOptions;

  /** Milliseconds of a clock that nobody sets; only differences count. For tests. @default a `MemoryRateLimitClient`'s clock, else performance.now */
  readonly now?: () => number;
}

/** One call's own choices. */
export interface ConsumeOptions {
  /** The limits of this call, instead of the limiter's: a plan. */
  readonly limits?: readonly LimitOptions[];

  /** Ends the call when it is aborted; it rejects with `AbortedError` of `@keyslot/cluster` then, whatever `onUnavailable` says. */
  readonly signal?: AbortSignal;

  /** How long the decision may take. @default the limiter's `deadline` */
  readonly deadline?: Duration;
}
