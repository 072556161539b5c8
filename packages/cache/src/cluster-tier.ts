import { type CallOptions, CommandFailedError, ShardUnavailableError } from '@keyslot/cluster';
import { type Clock, systemClock } from '@keyslot/kernel';
import { type CacheClient, NOW } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import { headOf, isLeaseOf, isOthers, leaseText, type Stored, type StoredValue, timeBytes } from './entry.ts';
import type { EntryFormat } from './entry-format.ts';
import { failureOfEnded, failureOfEntry, type SharedFailure } from './error-entry.ts';
import { replyOrNameOf } from './error-name.ts';
import type { Expected } from './expected.ts';
import { LeaseEnd } from './lease-end.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { removeSeen } from './remove-seen.ts';
import { fill, type Marked, mark, renew, retime } from './scripts/index.ts';
import { tellProblem } from './telling.ts';
import { wakeChannelOf } from './wake-channel.ts';

/** A value that the cluster has. */
export interface FoundValue extends StoredValue {
  /** When it was asked for, by the monotonic clock: it was there no earlier. */
  readonly askedAt: number;
}

/** Why a lease that somebody waited for ended without a value. To everybody else it is a miss. */
export interface Ended {
  readonly kind: 'ended';
  readonly head: Buffer;
  readonly failure: SharedFailure;
}

/** What the cluster knows about a key. */
export type Found =
  | FoundValue
  | { readonly kind: 'miss' }
  | { readonly kind: 'leased'; readonly lease: Buffer }
  | { readonly kind: 'failed'; readonly failure: SharedFailure }
  | Ended
  | { readonly kind: 'undecodable' }
  | { readonly kind: 'away'; readonly error: unknown };

/** What came of asking for the right to load. */
export type Led = Found | { readonly kind: 'leader' };

/** What came of storing a value. `unknown`: it may be there, and may still come to be there. */
export type Filled =
  | { readonly outcome: 'filled' }
  | { readonly outcome: 'superseded' }
  | { readonly outcome: 'unknown'; readonly error: unknown };

/** How an entry's times are to be changed. What is `undefined` stays as it is. */
export interface Times {
  readonly head?: Buffer;
  readonly token?: Buffer;
  readonly freshUntil?: number;
  readonly staleUntil?: number;
  readonly ttlMs?: number;

  /** What becomes of what is there and cannot be changed, a lease, a failure, a value of an older form; else it stays. */
  readonly otherwise?: 'remove';
}

const MISS = { kind: 'miss' } as const;

const REPLICA: CallOptions = { ...NOW, readFrom: 'replica' };

/**
 * The cluster's side of an entry: one key that holds either the value or the lease that guards its loading,
 * so that each step is a command on one key and stands while slots move.
 *
 * A value is stored only in the place of the lease that was taken for it, or of the stale value that was read before it
 * was loaded. Whatever removes these, a delete, a set, an expiry, also takes away the right to store. Tokens are never
 * used again, so there is no way back to a right that was lost (leases as in Nishtala et al., "Scaling Memcache at
 * Facebook", 2013, with a token for each acquisition).
 */
export class ClusterTier {
  readonly #client: CacheClient;
  readonly #format: EntryFormat;
  readonly #ends: LeaseEnd;
  readonly #onOutOfMemory: (slot: number) => void;
  readonly #clock: Clock;

  /** @param onOutOfMemory - told the slot of a key whose shard refused a write for want of memory */
  constructor(
    client: CacheClient,
    format: EntryFormat,
    onOutOfMemory: (slot: number) => void = () => {},
    clock: Clock = systemClock,
  ) {
    this.#client = client;
    this.#format = format;
    this.#clock = clock;
    this.#ends = new LeaseEnd(client);
    this.#onOutOfMemory = onOutOfMemory;
  }

  /**
   * Reads without asking for anything.
   *
   * @param whatFor - a `look` leaves alone what others may be able to read
   */
  read(key: ClusterKey, expected?: Expected, whatFor: 'load' | 'look' = 'load'): Promise<Found> {
    const askedAt = this.#clock.monotonic();
    return this.#client.getBuffer(key, NOW).then(
      (bytes) => this.#found(key, bytes, askedAt, expected, whatFor),
      (error: unknown) => this.#notFound(key, error),
    );
  }

  /** Reads a copy that may be older than what the primary had. */
  readReplica(key: ClusterKey, expected?: Expected): Promise<Found> {
    const askedAt = this.#clock.monotonic();
    return this.#client.getBuffer(key, REPLICA).then(
      (bytes) => this.#found(key, bytes, askedAt, expected, 'look'),
      (error: unknown) => ({ kind: 'away', error }),
    );
  }

  /** Takes the right to load, unless there is a value or somebody else has it. Harmless to repeat. */
  async lead(key: ClusterKey, token: Buffer, leaseMs: number, expected?: Expected): Promise<Led> {
    const askedAt = this.#clock.monotonic();
    let there: Buffer | null;
    try {
      const args = [key.text, leaseText(token), 'NX', 'GET', 'PX', leaseMs];
      // With its own token in it, a repeated command recognises what it did the first time.
      const options = { ...NOW, safety: 'idempotent', buffers: true } as const;
      there = (await this.#client.call('set', args, options)) as Buffer | null;
    } catch (error) {
      this.#learn(key, error);
      if (mayHaveHappened(error)) this.#giveBack(key, token);
      return this.#notFound(key, error);
    }
    if (there === null || isLeaseOf(token, there)) return { kind: 'leader' };
    return this.#found(key, there, askedAt, expected);
  }

  /** Takes the right to store from whoever has it, and the value away with it. */
  async seize(key: ClusterKey, token: Buffer, leaseMs: number): Promise<void> {
    const args = [key.text, leaseText(token), 'PX', leaseMs];
    try {
      await this.#client.call('set', args, { ...NOW, safety: 'idempotent' });
    } catch (error) {
      this.#learn(key, error);
      if (mayHaveHappened(error)) this.#giveBack(key, token);
      throw error;
    }
  }

  /** Stores an entry's bytes in the place of the lease with a token. */
  async fill(key: ClusterKey, token: Buffer, value: Buffer, ttlMs: number): Promise<Filled> {
    try {
      return { outcome: await this.#ends.fill(key, token, value, ttlMs) };
    } catch (error) {
      // So that nobody waits for it to expire. If the fill is still to come, it finds its lease gone.
      this.#giveBack(key, token);
      return this.#notFilled(key, error);
    }
  }

  /** Stores an entry's bytes in the place of what begins with a head: kind and token. */
  async replace(key: ClusterKey, head: Buffer | string, value: Buffer, ttlMs: number): Promise<Filled> {
    const args = { head, value, ttlMs, channel: wakeChannelOf(key.slot) };
    try {
      return { outcome: await this.#client.run(fill, { entry: key }, args, NOW) };
    } catch (error) {
      return this.#notFilled(key, error);
    }
  }

  /** Has a lease tell its end on the channel of its slot. Answers what is there if it has ended already. */
  async mark(
    key: ClusterKey,
    lease: Buffer,
    expected?: Expected,
  ): Promise<Found | Extract<Marked, { kind: 'waiting' }>> {
    const askedAt = this.#clock.monotonic();
    try {
      const marked = await this.#client.run(mark, { entry: key }, { lease }, NOW);
      return marked.kind === 'waiting' ? marked : await this.#found(key, marked.bytes, askedAt, expected);
    } catch (error) {
      return this.#notFound(key, error);
    }
  }

  /** Keeps the lease. `'lost'` says that the right has passed on. */
  renew(key: ClusterKey, token: Buffer, leaseMs: number): Promise<'renewed' | 'lost'> {
    return this.#client.run(renew, { entry: key }, { lease: leaseText(token), leaseMs });
  }

  /**
   * Gives the lease back, so that the next caller need not wait for it to expire.
   *
   * @param note - why there is no value, for those who wait
   */
  async release(key: ClusterKey, token: Buffer, note = ''): Promise<void> {
    await this.#ends.release(key, token, note).catch((error: unknown) => this.#notReleased(key, error));
  }

  /**
   * Changes the times of a value that is there.
   *
   * @throws what the client rejects with: then it may have been done
   */
  async retime(key: ClusterKey, times: Times): Promise<'changed' | 'removed' | 'absent'> {
    const { head = '', token = '', freshUntil, staleUntil, ttlMs = 0, otherwise } = times;
    const [fresh, stale, channel] = [timeBytes(freshUntil), timeBytes(staleUntil), wakeChannelOf(key.slot)];
    const args = { head, token, fresh, stale, ttlMs, remove: otherwise === 'remove' ? '1' : '', channel };
    try {
      return await this.#client.run(retime, { entry: key }, args, NOW);
    } catch (error) {
      this.#learn(key, error);
      throw error;
    }
  }

  /** Makes room where a lease ended without a value. `failed`: it is told, and what is there expires by itself. */
  clear(key: ClusterKey, { head }: Ended): Promise<'cleared' | 'failed'> {
    return this.#remove(key, head);
  }

  /** Removes the value and voids any lease, so that a load already under way cannot store. */
  delete(key: ClusterKey, options: CallOptions): Promise<'deleted' | 'absent'> {
    return this.#client.delete(key, options);
  }

  /** Gives back a lease that may be there. Nobody waits for it. */
  #giveBack(key: ClusterKey, token: Buffer): void {
    void this.release(key, token);
  }

  #learn({ slot }: ClusterKey, error: unknown): void {
    if (isOutOfMemory(error)) this.#onOutOfMemory(slot);
  }

  #notFilled(key: ClusterKey, error: unknown): Extract<Filled, { outcome: 'unknown' }> {
    this.#learn(key, error);
    tellProblem({ what: 'not-filled', template: key.template, why: replyOrNameOf(error) });
    return { outcome: 'unknown', error };
  }

  /** It expires by itself; until then others wait. */
  #notReleased({ template }: ClusterKey, error: unknown): void {
    tellProblem({ what: 'not-released', template, why: replyOrNameOf(error) });
  }

  /** Heals a key whose bytes cannot be decoded, unless somebody else has by now. */
  async #remove(key: ClusterKey, head: Buffer): Promise<'cleared' | 'failed'> {
    try {
      await removeSeen(this.#client, key, head);
      return 'cleared';
    } catch (error) {
      this.#notReleased(key, error);
      return 'failed';
    }
  }

  #found(
    key: ClusterKey,
    bytes: Buffer | null,
    askedAt: number,
    expected: Expected | undefined,
    whatFor: 'load' | 'look' = 'load',
  ): Found | Promise<Found> {
    if (bytes === null) return MISS;
    const failure = failureOfEntry(bytes);
    if (failure !== undefined) return { kind: 'failed', failure };
    const why = failureOfEnded(bytes);
    if (why !== undefined) return { kind: 'ended', head: headOf(bytes), failure: why };
    const stored: Stored = this.#format.decode(bytes, key.text, expected);
    switch (stored.kind) {
      case 'value':
        return { ...stored, askedAt };
      case 'lease':
        return { kind: 'leased', lease: stored.head };
      case 'undecodable':
        if (whatFor === 'look' && isOthers(stored.why)) return MISS;
        tellProblem({ what: 'undecodable', template: key.template, why: stored.why });
        return this.#remove(key, stored.head).then(() => ({ kind: 'undecodable' }));
    }
  }

  #notFound(key: ClusterKey, error: unknown): Found {
    if (error instanceof CommandFailedError) {
      // Somebody keeps something else under this key. It is not ours to remove.
      const isOther = error.reply === 'WRONGTYPE';
      tellProblem({
        what: isOther ? 'undecodable' : 'refused',
        template: key.template,
        why: isOther ? 'not a string' : error.reply,
      });
    }
    return { kind: 'away', error };
  }
}

/** Whether a command that failed may have been executed, or may still come to be. */
function mayHaveHappened(error: unknown): boolean {
  return !(error instanceof CommandFailedError || error instanceof ShardUnavailableError);
}
