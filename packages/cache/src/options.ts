import { type Clock, type Duration, InvalidOptionError, systemClock, toMs } from '@keyslot/kernel';
import type { CacheClient } from './cache-client.ts';
import { guardSettingsOf, type WriteGuardOptions, type WriteGuardSettings } from './guard-options.ts';
import type { LocalTierSettings } from './local-tier.ts';

/** How values are kept in this process's memory. */
export interface LocalTierOptions {
  /**
   * How long a value is served from memory before the cluster is asked again. It is also the longest that a
   * process keeps serving a value whose delete it was not told of.
   *
   * @default '1s'
   */
  readonly ttl?: Duration;

  /** How many values are kept; the least recently used go first. @default 10_000 */
  readonly maxEntries?: number;

  /** How many bytes they may have together, counted as they are stored in Redis. @default 64 MiB */
  readonly maxBytes?: number;
}

/** How a {@link Cache} is made. */
export interface CacheOptions {
  /** The client: a `ClusterClient`, or a `MemoryClient` in tests. The cache does not close it. */
  readonly client: CacheClient;

  /**
   * Put before every key, followed by a colon, and part of the channel's name: caches with different
   * namespaces share nothing. Letters, digits, `.`, `_`, `~` and `-`.
   *
   * @default none
   */
  readonly namespace?: string;

  /** How long a value is kept in the cluster. @default '5m' */
  readonly ttl?: Duration;

  /**
   * By how much `ttl` is shortened at random, as a part of it from 0 to 1, so that values stored together do
   * not expire together.
   *
   * @default 0.1
   */
  readonly jitter?: number;

  /**
   * How long one caller may load before another takes over if it stops renewing: how long a key stays
   * unloaded after the process that loads it was killed. Renewed at a third of it while the loader runs.
   *
   * @default '3s'
   */
  readonly lease?: Duration;

  /**
   * How long a caller waits for another one's load before it loads for itself and stores nothing.
   *
   * @default '10s'
   */
  readonly wait?: Duration;

  /**
   * How long `delete` waits for a shard that is away before it answers `'pending'` and goes on in the
   * background.
   *
   * @default '1s'
   */
  readonly deleteWithin?: Duration;

  /** What is kept in this process's memory, or `false` for nothing. */
  readonly local?: LocalTierOptions | false;

  /**
   * When values are stored for a shorter time or not at all, because their shard runs out of memory; `false` to leave
   * it to the server.
   */
  readonly guard?: WriteGuardOptions | false;

  /** Where time comes from. @default the system's clock */
  readonly clock?: Clock;
}

/** One call's own choices. */
export interface EntryOptions {
  /** How long the value is kept in the cluster. @default the cache's `ttl` */
  readonly ttl?: Duration;
}

/** Options that were checked. */
export interface Settings {
  readonly prefix: string;
  readonly channel: string;
  readonly ttlMs: number;
  readonly jitter: number;
  readonly leaseMs: number;
  readonly waitMs: number;
  readonly deleteWithinMs: number;
  readonly local: LocalTierSettings | undefined;
  readonly guard: WriteGuardSettings | undefined;
  readonly clock: Clock;
}

/** How long one call's value is kept in the cluster, before jitter. @throws {InvalidOptionError} */
export function ttlOf(settings: Settings, options: EntryOptions | undefined): number {
  return options?.ttl === undefined ? settings.ttlMs : toMs(options.ttl, 'ttl');
}

const NAMESPACE = /^[\w.~-]{1,100}$/;

/** @throws {InvalidOptionError} naming the option, what was received and what is allowed. */
export function settingsOf(options: CacheOptions): Settings {
  const { namespace, jitter = 0.1, clock = systemClock } = options;
  if (namespace !== undefined && !NAMESPACE.test(namespace)) {
    throw new InvalidOptionError('namespace', namespace, '1 to 100 letters, digits, and . _ ~ -');
  }
  if (!(jitter >= 0 && jitter < 1))
    throw new InvalidOptionError('jitter', jitter, 'from 0 up to, not with, 1');
  return {
    prefix: namespace === undefined ? '' : `${namespace}:`,
    channel: `keyslot:${namespace ?? ''}:invalidations`,
    ttlMs: toMs(options.ttl ?? '5m', 'ttl'),
    jitter,
    leaseMs: toMs(options.lease ?? '3s', 'lease', 30),
    waitMs: toMs(options.wait ?? '10s', 'wait'),
    deleteWithinMs: toMs(options.deleteWithin ?? '1s', 'deleteWithin'),
    local: localSettingsOf(options.local ?? {}),
    guard: guardSettingsOf(options.guard ?? {}),
    clock,
  };
}

function localSettingsOf(options: LocalTierOptions | false): LocalTierSettings | undefined {
  if (options === false) return undefined;
  return {
    ttlMs: toMs(options.ttl ?? '1s', 'local.ttl'),
    maxEntries: positive(options.maxEntries ?? 10_000, 'local.maxEntries'),
    maxBytes: positive(options.maxBytes ?? 64 * 1024 * 1024, 'local.maxBytes'),
  };
}

function positive(value: number, option: string): number {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidOptionError(option, value, 'a whole number from 1 up');
  return value;
}
