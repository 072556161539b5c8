import { type Clock, type Duration, InvalidOptionError, systemClock, toMs } from '@keyslot/kernel';
import { objectOf, signalOf } from './arguments.ts';
import type { LockClient } from './lock-client.ts';

/** How {@link Locks} are made. */
export interface LocksOptions {
  /** Where the locks lie. It stays open when the locks are closed. */
  readonly client: LockClient;

  /**
   * Keeps the locks of one application apart from those of others on the same cluster: it stands before every key. Who
   * is to exclude each other needs the same. @default none
   */
  readonly namespace?: string;

  /**
   * How long a lock is held without a renewal, unless the call says otherwise; `'100ms'` to `'1d'`. It is how long others
   * wait when a holder dies, and how long a holder may be out of reach of the cluster, or stopped, before it has lost the
   * lock. @default '10s'
   */
  readonly ttl?: Duration;

  /** How long `acquire` waits for others, unless the call says otherwise. @default '10s' */
  readonly wait?: Duration;

  /**
   * How long a resource's fencing number is remembered in the cluster after its last holder. The number is taken from
   * the server's clock, so it grows without that; but a clock that is set back by more than this, or a replica whose clock
   * is behind by more, may then begin with a smaller one. Each resource that was used costs some 100 bytes for as long.
   * The last holder's counts, so give all processes the same.
   *
   * @default 0, the key is removed with the last holder
   */
  readonly keepNumber?: Duration;

  /** By whose `monotonic` this process knows how long it holds what. @default the system's */
  readonly clock?: Clock;
}

/** How one lock is taken. */
export interface AcquireOptions extends HoldOptions {
  /** How long to wait for those who hold it, and those who came earlier; 0 asks once. @default the `wait` of the locks */
  readonly wait?: Duration;
}

/** How one lock is held. */
export interface HoldOptions {
  /** How long it is held without a renewal; `'100ms'` to `'1d'`. @default the `ttl` of the locks */
  readonly ttl?: Duration;

  /**
   * Whether it is renewed while it is held. Without that it is lost after `ttl`, which bounds how long work that hangs
   * keeps others waiting; `extend` prolongs it. @default true
   */
  readonly renew?: boolean;

  /**
   * `'exclusive'`: nobody else holds it. `'shared'`: others may hold it as well, if they share it. Who wants it alone is
   * not overtaken by those who share. @default 'exclusive'
   */
  readonly mode?: 'exclusive' | 'shared';

  /**
   * Ends the waiting, which then rejects with the client's `AbortedError`, whose `cause` is the signal's reason. Nothing
   * is held then. It does not end what is held.
   */
  readonly signal?: AbortSignal;
}

export interface LockSettings {
  readonly client: LockClient;
  readonly prefix: string;
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly keepMs: number;
  readonly clock: Clock;
}

const NAMESPACE = /^[\w.~-]{1,100}$/;
const LEAST_TTL_MS = 100;
const MOST_TTL_MS = 24 * 60 * 60_000;

/** @throws {InvalidOptionError} */
export function settingsOf(options: LocksOptions): LockSettings {
  const {
    client,
    namespace,
    ttl = '10s',
    wait = '10s',
    keepNumber = 0,
    clock = systemClock,
  } = objectOf(options, 'an object with a client');
  if (typeof client?.run !== 'function')
    throw new InvalidOptionError('client', client, 'a ClusterClient, or a MemoryLockClient in unit tests');
  if (namespace !== undefined && !(typeof namespace === 'string' && NAMESPACE.test(namespace)))
    throw new InvalidOptionError('namespace', namespace, '1 to 100 letters, digits, and . _ ~ -');
  return {
    client,
    prefix: namespace === undefined ? '' : `${namespace}:`,
    ttlMs: ttlMsOf(ttl),
    waitMs: toMs(wait, 'wait', 0),
    keepMs: upTo(toMs(keepNumber, 'keepNumber', 0), 'keepNumber', keepNumber),
    clock,
  };
}

/** @throws {InvalidOptionError} */
export function ttlMsOf(ttl: Duration): number {
  return upTo(toMs(ttl, 'ttl', LEAST_TTL_MS), 'ttl', ttl);
}

function upTo(ms: number, option: string, received: Duration): number {
  // Longer ones are beyond what a timer can wait for, and what anybody should wait for after a crash.
  if (ms > MOST_TTL_MS) throw new InvalidOptionError(option, received, `a duration up to '1d'`);
  return ms;
}

/** How a lock is held that is asked for with these options. */
interface Hold {
  readonly ttlMs: number;
  readonly renews: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * @param ttlMs - unless they say otherwise
 * @throws {InvalidOptionError}
 */
export function holdOf(options: HoldOptions, ttlMs: number): Hold {
  const { ttl, renew = true, signal } = objectOf(options);
  if (typeof renew !== 'boolean') throw new InvalidOptionError('renew', renew, 'true or false');
  return { ttlMs: ttl === undefined ? ttlMs : ttlMsOf(ttl), renews: renew, signal: signalOf(signal) };
}

/** @throws {InvalidOptionError} */
export function modeOf({ mode = 'exclusive' }: HoldOptions): 'exclusive' | 'shared' {
  if (mode !== 'exclusive' && mode !== 'shared')
    throw new InvalidOptionError('mode', mode, `'exclusive' or 'shared'`);
  return mode;
}
