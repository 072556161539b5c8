import { type Clock, type Duration, InvalidOptionError, systemClock, toMs, toTimerMs } from '@keyslot/kernel';
import type { CacheClient } from './cache-client.ts';
import { EntryFormat } from './entry-format.ts';
import type { FormatOptions } from './entry-options.ts';
import type { LoadersAllowed } from './errors.ts';
import { type EntryOptions, Policies } from './freshness.ts';
import { guardSettingsOf, type WriteGuardOptions, type WriteGuardSettings } from './guard-options.ts';
import { type LoaderOptions, loadersAllowedBy } from './loader-options.ts';
import type { LocalTierSettings } from './local-tier.ts';
import { namesOf } from './namespace.ts';

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

/** How a {@link Cache} is made. What it says about entries holds for all keys that say nothing else. */
export interface CacheOptions extends EntryOptions, FormatOptions {
  /** The client. The cache does not close it. */
  readonly client: CacheClient;

  /**
   * Put before every key, followed by a colon, and part of the channel's name: caches with different
   * namespaces share nothing. Letters, digits, `.`, `_`, `~` and `-`.
   *
   * Without one, keys are in the cluster as they are, for data that other programs share. Then the key `shop:x` is the very
   * key `x` of the namespace `shop`: they would read each other's values, and not be told of each other's deletes. So
   * give every cache on a cluster a namespace, or have no key begin with one that another cache has.
   *
   * @default none
   */
  readonly namespace?: string;

  /** What holds for keys of a template in the place of what holds for all: `{ 'places:{place:<id>}': { ttl: '1h' } }`. */
  readonly keys?: Readonly<Record<string, EntryOptions>>;

  /**
   * How many loaders may run at once in this process, and how many more may wait. It is what the database gets when the
   * cluster is gone; beyond it readers get the stale value or {@link LoaderOverloadedError}.
   */
  readonly loaders?: LoaderOptions;

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

/** Options that were checked. */
export interface Settings {
  readonly prefix: string;
  readonly channel: string;
  readonly policies: Policies;
  readonly format: EntryFormat;
  readonly leaseMs: number;
  readonly waitMs: number;
  readonly deleteWithinMs: number;
  readonly local: LocalTierSettings | undefined;
  readonly guard: WriteGuardSettings | undefined;
  readonly loaders: LoadersAllowed;
  readonly clock: Clock;
}

/** @throws {InvalidOptionError} naming the option, what was received and what is allowed. */
export function settingsOf(options: CacheOptions): Settings {
  const { namespace, clock = systemClock } = options;
  return {
    ...namesOf(namespace),
    policies: new Policies(options, options.keys),
    format: new EntryFormat(options),
    leaseMs: toTimerMs(options.lease ?? '3s', 'lease', 30),
    waitMs: toTimerMs(options.wait ?? '10s', 'wait'),
    deleteWithinMs: toTimerMs(options.deleteWithin ?? '1s', 'deleteWithin'),
    local: localSettingsOf(options.local ?? {}),
    guard: guardSettingsOf(options.guard ?? {}),
    loaders: loadersAllowedBy(options.loaders),
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
