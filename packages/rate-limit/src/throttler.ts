import { type ClusterClient, defineScript, ScriptReplyError } from '@keyslot/cluster';
import { type Duration, InvalidOptionError, toMs } from '@keyslot/kernel';
import { type Key, key } from '@keyslot/keys';
import { RateLimitRangeError } from './errors.ts';
import { mustBeOneOf } from './one-of.ts';
import { mustBeClient } from './rate-limit-client.ts';
import { hitLua } from './scripts/generated.ts';
import { tellProblem } from './telling.ts';
import { isOutage } from './unavailable.ts';

/** How a {@link KeyslotThrottlerStorage} is made. */
export interface KeyslotThrottlerStorageOptions {
  /** The cluster that counts, or a `MemoryRateLimitClient` in unit tests. The storage does not close it. */
  readonly client: Pick<ClusterClient, 'run'>;

  /** What tells its keys from those of another application in the same cluster. @default 'app' */
  readonly name?: string;

  /**
   * What becomes of a request when the cluster cannot be asked: `'throw'` the client's error, which Nest answers with 500, or
   * let it through (`'open'`). It is never a denial, which would be taken for a limit that was reached.
   *
   * @default 'throw'
   */
  readonly onUnavailable?: 'throw' | 'open';

  /** How long a decision may take. @default the client's `deadline` */
  readonly deadline?: Duration;
}

/** What `@nestjs/throttler` wants to know about a request. Times are seconds. */
export interface ThrottlerRecord {
  /** How many there were in the window, with this one. */
  totalHits: number;

  /** Until the window ends, or the block that has taken its place. */
  timeToExpire: number;

  /** Whether it is denied. */
  isBlocked: boolean;

  /** Until it no longer is; 0 when it is not. */
  timeToBlockExpire: number;
}

interface Hit {
  readonly total: number;
  readonly leftMs: number;
  readonly isBlocked: boolean;
}

/** `once`: repeated after its bytes were sent, it would count twice. */
const hit = defineScript(hitLua, 'once', (reply): Hit => {
  const [total, leftMs, blocked] = Array.isArray(reply) ? (reply as unknown[]) : [];
  if (typeof total !== 'number' || typeof leftMs !== 'number' || (blocked !== 0 && blocked !== 1))
    throw new ScriptReplyError('hit');
  return { total, leftMs, isBlocked: blocked === 1 };
});

const hitsOf = key('throttled:<app>:{<tracker>}:<throttler>');

/**
 * The storage of `@nestjs/throttler` on a cluster: one key and one round trip for each throttler of a request, exact whatever
 * comes at once. A window begins with its first request; a block ends it, and after the block it begins anew. What is denied
 * is not counted. `docs/rate-limit-adapters.md` has the whole module; without `APP_GUARD` nothing is limited.
 *
 * ```ts
 * ThrottlerModule.forRootAsync({
 *   inject: [ClusterClient],
 *   useFactory: (client: ClusterClient) => ({
 *     throttlers: [{ limit: 100, ttl: seconds(60) }],
 *     storage: new KeyslotThrottlerStorage({ client }),
 *   }),
 * });
 * ```
 *
 * @example
 * ```ts run cluster
 * import { ClusterClient } from '@keyslot/cluster';
 * import { KeyslotThrottlerStorage } from '@keyslot/rate-limit/throttler';
 *
 * const client = new ClusterClient({ nodes: cluster.addresses });
 * const storage = new KeyslotThrottlerStorage({ client, name: 'shop' });
 *
 * const first = await storage.increment('203.0.113.7', 60_000, 1, 5_000, 'default');
 * first.isBlocked; // => false
 *
 * const second = await storage.increment('203.0.113.7', 60_000, 1, 5_000, 'default');
 * second; // => { totalHits: 2, timeToExpire: 5, isBlocked: true, timeToBlockExpire: 5 }
 *
 * await client.close();
 * ```
 */
export class KeyslotThrottlerStorage {
  readonly #client: KeyslotThrottlerStorageOptions['client'];
  readonly #name: string;
  readonly #isOpen: boolean;
  readonly #call: { readonly deadline?: number };

  /** @throws {InvalidOptionError} for options that cannot be used */
  constructor({ client, name = 'app', onUnavailable = 'throw', deadline }: KeyslotThrottlerStorageOptions) {
    mustBeClient(client);
    mustBeOneOf('onUnavailable', onUnavailable, ['throw', 'open']);
    if (typeof name !== 'string' || name === '') throw new InvalidOptionError('name', name, 'a text');
    this.#client = client;
    this.#name = name;
    this.#isOpen = onUnavailable === 'open';
    this.#call = deadline === undefined ? {} : { deadline: toMs(deadline, 'deadline') };
  }

  /**
   * Counts a request, or denies it. Called by the guard.
   *
   * @param tracker - who it is, as the guard generated it: any text
   * @param ttl - how long a window lasts, in milliseconds
   * @param blockDuration - for how long the first request too many blocks, in milliseconds; 0: to the window's end
   * @throws {RateLimitRangeError} for numbers that cannot be
   */
  async increment(
    tracker: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<ThrottlerRecord> {
    const args = {
      windowMs: wholeMs('ttl', ttl, 1),
      limit: atLeast('limit', limit, 0),
      blockMs: wholeMs('blockDuration', blockDuration, 0),
    };
    try {
      return recordOf(
        await this.#client.run(hit, { hits: this.#key(tracker, throttlerName) }, args, this.#call),
      );
    } catch (error) {
      if (!this.#isOpen || !isOutage(error)) throw error;
      tellProblem(throttlerName, 'unavailable', error);
      return recordOf({ total: 0, leftMs: args.windowMs, isBlocked: false });
    }
  }

  #key(tracker: string, throttler: string): Key<unknown> {
    return hitsOf({ app: this.#name, tracker, throttler });
  }
}

function recordOf({ total, leftMs, isBlocked }: Hit): ThrottlerRecord {
  // In seconds, and never "now" for what is still there.
  const left = Math.max(Math.ceil(leftMs / 1000), 1);
  return { totalHits: total, timeToExpire: left, isBlocked, timeToBlockExpire: isBlocked ? left : 0 };
}

const LONGEST_MS = 365 * 86_400_000;

function wholeMs(what: string, ms: number, least: number): number {
  const whole = Math.ceil(atLeast(what, ms, least));
  if (whole > LONGEST_MS)
    throw new RateLimitRangeError(what, ms, `milliseconds up to ${LONGEST_MS} (a year)`);
  return whole;
}

function atLeast(what: string, received: number, least: number): number {
  if (!(Number.isFinite(received) && received >= least))
    throw new RateLimitRangeError(what, received, `a finite number from ${least} up`);
  return received;
}
