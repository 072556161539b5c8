import { type Duration, InvalidOptionError, toMs, toTimerMs } from '@keyslot/kernel';
import { type Schema, schemaOf, versionOf } from './entry-schema.ts';
import type { Expected } from './expected.ts';

/** How long values are good for, and what happens when they no longer are. On the cache, on a key's template, or on one call; later ones win. */
export interface EntryOptions {
  /** How long a value is fresh. @default '5m' */
  readonly ttl?: Duration;

  /**
   * By how much `ttl` is shortened at random, as a part of it from 0 to 1, so that values stored together do
   * not expire together.
   *
   * @default 0.1
   */
  readonly jitter?: number;

  /**
   * How long after `ttl` a value is kept as a stale one: answered while a new one is loaded, and when the loader fails, is
   * slow, or has no room. It takes memory for that long.
   *
   * @default 0, none
   */
  readonly grace?: Duration;

  /**
   * Who waits for a new value when there is a stale one: with `background` nobody does, the stale one is answered and one
   * process of the fleet loads behind it; with `blocking` the caller does, for `softTimeout`.
   *
   * @default 'background'
   */
  readonly refresh?: 'background' | 'blocking';

  /**
   * How long a `blocking` caller waits before it is answered the stale value; the load goes on. Without it the caller waits
   * for as long as the load takes. No longer than 24 days.
   *
   * @default none
   */
  readonly softTimeout?: Duration;

  /**
   * How long a load may take. Then its `signal` aborts, its lease is given back, and all who waited for it get the stale value or
   * {@link LoaderTimeoutError}; what it still answers is kept nowhere. Where `loaders.concurrency` run already it may wait for its
   * turn for as long again, and is refused with {@link LoaderOverloadedError} after that: so a caller waits for twice as long at
   * the most. No longer than 24 days.
   *
   * @default '30s'
   */
  readonly hardTimeout?: Duration;

  /**
   * How eagerly a value is loaded anew shortly before it stops being fresh: the factor β of XFetch. The longer a value took to
   * load, and the more it is read, the sooner it is, at random, so that a busy key is always fresh; but not in the first half of
   * its `ttl`, unless two loads (times β) would not fit in the second: a `ttl` that is hardly longer than a load makes for loads
   * without a pause. One process of the fleet loads, once for each value that is replaced. 0 for never.
   *
   * @default 1
   */
  readonly earlyRefresh?: number;

  /** How long `null` is fresh, without grace: what does not exist may come to be. @default as `ttl` and `grace` say */
  readonly negativeTtl?: Duration;

  /**
   * How long a failure of the loader is answered to others without asking it again. Only what kind of error it was is
   * shared, never its message.
   *
   * @default 0: only with those who waited for that very load
   */
  readonly errorTtl?: Duration;

  /**
   * Whether being read prolongs a value's life: read in the second half of its `ttl`, it is fresh for a whole `ttl` again. It
   * may then live for ever, so it needs deletes when data change.
   *
   * @default false
   */
  readonly sliding?: boolean;

  /**
   * What a stored value has to fit; one that does not is loaded anew. Make it once: only callers with the very same schema
   * share a load, and a value in memory is checked again for every other one.
   *
   * @default anything fits
   */
  readonly schema?: Schema;

  /**
   * The version of the value's form. Values of other versions are loaded anew, in memory as in the cluster. A key has room
   * for one: programs that want different ones at the same time take it from each other, and load each time.
   *
   * @default 0
   */
  readonly version?: number;
}

/** Options that were checked. */
export interface Policy {
  readonly ttlMs: number;
  readonly jitter: number;
  readonly graceMs: number;
  readonly refresh: 'background' | 'blocking';
  readonly softTimeoutMs: number | undefined;
  readonly hardTimeoutMs: number;
  readonly earlyRefresh: number;
  readonly negativeTtlMs: number | undefined;
  readonly errorTtlMs: number;
  readonly sliding: boolean;
  readonly expected: Expected | undefined;
}

/** What holds where nobody says otherwise. */
export const DEFAULT_POLICY: Policy = {
  ttlMs: 300_000,
  jitter: 0.1,
  graceMs: 0,
  refresh: 'background',
  softTimeoutMs: undefined,
  hardTimeoutMs: 30_000,
  earlyRefresh: 1,
  negativeTtlMs: undefined,
  errorTtlMs: 0,
  sliding: false,
  expected: undefined,
};

/**
 * @param at - put before an option's name in errors
 * @throws {InvalidOptionError} naming the option, what was received and what is allowed.
 */
export function policyOf(options: EntryOptions, base: Policy, at = ''): Policy {
  const ms = (name: keyof EntryOptions, otherwise: number, least = 1) => {
    const value = options[name] as Duration | undefined;
    return value === undefined ? otherwise : toMs(value, at + name, least);
  };
  const { jitter = base.jitter, refresh = base.refresh, earlyRefresh = base.earlyRefresh } = options;
  const { sliding = base.sliding } = options;
  if (!(jitter >= 0 && jitter < 1))
    throw new InvalidOptionError(`${at}jitter`, jitter, 'from 0 up to, not with, 1');
  if (refresh !== 'background' && refresh !== 'blocking')
    throw new InvalidOptionError(`${at}refresh`, refresh, "'background' or 'blocking'");
  if (!(earlyRefresh >= 0 && earlyRefresh <= 100))
    throw new InvalidOptionError(`${at}earlyRefresh`, earlyRefresh, 'a number from 0 to 100');
  if (typeof sliding !== 'boolean') throw new InvalidOptionError(`${at}sliding`, sliding, 'true or false');
  const { negativeTtl } = options;
  const timerMs = (name: 'softTimeout' | 'hardTimeout') => {
    const value = options[name];
    return value === undefined ? base[`${name}Ms`] : toTimerMs(value, at + name);
  };
  return {
    ttlMs: ms('ttl', base.ttlMs),
    jitter,
    graceMs: ms('grace', base.graceMs, 0),
    refresh,
    softTimeoutMs: timerMs('softTimeout'),
    hardTimeoutMs: timerMs('hardTimeout') ?? base.hardTimeoutMs,
    earlyRefresh,
    negativeTtlMs: negativeTtl === undefined ? base.negativeTtlMs : ms('negativeTtl', 0),
    errorTtlMs: ms('errorTtl', base.errorTtlMs, 0),
    sliding,
    expected: expectedOf(options, base, at),
  };
}

function expectedOf({ schema, version }: EntryOptions, base: Policy, at: string): Expected | undefined {
  if (schema === undefined && version === undefined) return base.expected;
  return {
    schema: schema === undefined ? base.expected?.schema : schemaOf(schema, `${at}schema`),
    version: version === undefined ? base.expected?.version : versionOf(version, `${at}version`),
  };
}

/** The policies of a cache: its own, those of templates, and those of single calls over them. */
export class Policies {
  readonly #own: Policy;
  readonly #byTemplate = new Map<string, Policy>();

  /** Whether what is expected of a value depends on its key's template. */
  readonly #expectsByTemplate: boolean;

  /** @throws {InvalidOptionError} for options that cannot be used. */
  constructor(own: EntryOptions, byTemplate: Readonly<Record<string, EntryOptions>> = {}) {
    this.#own = policyOf(own, DEFAULT_POLICY);
    for (const [template, options] of Object.entries(byTemplate))
      this.#byTemplate.set(template, policyOf(options, this.#own, `keys['${template}'].`));
    this.#expectsByTemplate = [...this.#byTemplate.values()].some(
      ({ expected }) => expected !== this.#own.expected,
    );
  }

  /** @throws {InvalidOptionError} for a call's options that cannot be used. */
  of(template: string, options?: EntryOptions): Policy {
    const base = this.#byTemplate.get(template) ?? this.#own;
    return options === undefined ? base : policyOf(options, base);
  }

  /** What a call expects of a value, unchecked: this is asked with each read from memory, which it must not slow. */
  expectedOf(template: string, options?: EntryOptions): Expected | undefined {
    const base = this.#expectsByTemplate ? this.of(template).expected : this.#own.expected;
    if (options === undefined || (options.schema === undefined && options.version === undefined)) return base;
    return { schema: options.schema ?? base?.schema, version: options.version ?? base?.version };
  }
}
