import { type CallOptions, CommandFailedError, type KeyLike, ShardUnavailableError } from '@keyslot/cluster';
import type { CacheClient } from './cache-client.ts';
import { HEAD_BYTES, isLeaseOf, leaseBytes, type Stored } from './entry.ts';
import { EntryFormat } from './entry-format.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { fill, type Marked, mark, release, renew } from './scripts/index.ts';
import { tellProblem } from './telling.ts';
import { wakeChannelOf } from './wake-channel.ts';

/** What the cluster knows about a key. */
export type Found =
  | { readonly kind: 'value'; readonly value: unknown; readonly freshUntil: number; readonly bytes: number }
  | { readonly kind: 'miss' }
  | { readonly kind: 'leased'; readonly lease: Buffer }
  | { readonly kind: 'undecodable' }
  | { readonly kind: 'away' };

/** What came of asking for the right to load. */
export type Led = Found | { readonly kind: 'leader' };

/** What came of storing a value. `unknown`: it may be there, and may still come to be there. */
export type Filled =
  | { readonly outcome: 'filled' | 'superseded' }
  | { readonly outcome: 'unknown'; readonly error: unknown };

/** A key as the cluster sees it. */
export type ClusterKey = Exclude<KeyLike, string>;

const format = new EntryFormat();

const MISS = { kind: 'miss' } as const;
const AWAY = { kind: 'away' } as const;

// The caller has something better to do than to wait for a failover: a replica, or the loader.
const NOW: CallOptions = { whenOpen: 'reject' };
const REPLICA: CallOptions = { whenOpen: 'reject', readFrom: 'replica' };

/**
 * The cluster's side of an entry: one key that holds either the value or the lease that guards its loading,
 * so that each step is a command on one key and stands while slots move.
 *
 * A value is stored only in the place of the lease that was taken for it. Whatever removes the lease, a
 * delete, a set, its expiry, also takes away the right to store. Tokens are never used again, so there is no
 * way back to a right that was lost (leases as in Nishtala et al., "Scaling Memcache at Facebook", 2013,
 * with a token for each acquisition).
 */
export class ClusterTier {
  readonly #client: CacheClient;
  readonly #onOutOfMemory: (slot: number) => void;

  /** @param onOutOfMemory - told the slot of a key whose shard refused a write for want of memory */
  constructor(client: CacheClient, onOutOfMemory: (slot: number) => void = () => {}) {
    this.#client = client;
    this.#onOutOfMemory = onOutOfMemory;
  }

  /** Reads without asking for anything. */
  read(key: ClusterKey): Promise<Found> {
    return this.#client.getBuffer(key, NOW).then(
      (bytes) => this.#found(key, bytes),
      (error: unknown) => this.#notFound(key, error),
    );
  }

  /** Reads a copy that may be older than what the primary had. */
  readReplica(key: ClusterKey): Promise<Found> {
    return this.#client.getBuffer(key, REPLICA).then(
      (bytes) => this.#found(key, bytes),
      () => AWAY,
    );
  }

  /** Takes the right to load, unless there is a value or somebody else has it. Harmless to repeat. */
  async lead(key: ClusterKey, token: Buffer, leaseMs: number): Promise<Led> {
    let there: Buffer | null;
    try {
      const args = [key.text, leaseBytes(token), 'NX', 'GET', 'PX', leaseMs];
      // With its own token in it, a repeated command recognises what it did the first time.
      const options = { ...NOW, safety: 'idempotent', buffers: true } as const;
      there = (await this.#client.call('set', args, options)) as Buffer | null;
    } catch (error) {
      this.#learn(key, error);
      if (mayHaveHappened(error)) this.#giveBack(key, token);
      return this.#notFound(key, error);
    }
    if (there === null || isLeaseOf(token, there)) return { kind: 'leader' };
    return this.#found(key, there);
  }

  /** Takes the right to store from whoever has it, and the value away with it. */
  async seize(key: ClusterKey, token: Buffer, leaseMs: number): Promise<void> {
    const args = [key.text, leaseBytes(token), 'PX', leaseMs];
    try {
      await this.#client.call('set', args, { ...NOW, safety: 'idempotent' });
    } catch (error) {
      this.#learn(key, error);
      if (mayHaveHappened(error)) this.#giveBack(key, token);
      throw error;
    }
  }

  /** Stores an entry's bytes in the place of the lease with the same token. */
  async fill(key: ClusterKey, token: Buffer, bytes: Buffer, ttlMs: number): Promise<Filled> {
    const [lease, filled] = [leaseBytes(token), bytes.subarray(0, HEAD_BYTES)];
    const args = { lease, filled, value: bytes, ttlMs, channel: wakeChannelOf(key.slot) };
    try {
      return { outcome: await this.#client.run(fill, { entry: key }, args, NOW) };
    } catch (error) {
      this.#learn(key, error);
      tellProblem({ what: 'not-filled', template: key.template, why: nameOf(error) });
      // So that nobody waits for it to expire. If the fill is still to come, it finds its lease gone.
      this.#giveBack(key, token);
      return { outcome: 'unknown', error };
    }
  }

  /** Has a lease tell its end on the channel of its slot. Answers what is there if it has ended already. */
  async mark(key: ClusterKey, lease: Buffer): Promise<Found | Extract<Marked, { kind: 'waiting' }>> {
    try {
      const marked = await this.#client.run(mark, { entry: key }, { lease }, NOW);
      return marked.kind === 'waiting' ? marked : await this.#found(key, marked.bytes);
    } catch (error) {
      return this.#notFound(key, error);
    }
  }

  /** Keeps the lease. `'lost'` says that the right has passed on. */
  renew(key: ClusterKey, token: Buffer, leaseMs: number): Promise<'renewed' | 'lost'> {
    return this.#client.run(renew, { entry: key }, { lease: leaseBytes(token), leaseMs });
  }

  /** Gives the lease back, so that the next caller need not wait for it to expire. */
  async release(key: ClusterKey, token: Buffer): Promise<void> {
    await this.#remove(key, leaseBytes(token));
  }

  /** Removes the value and voids any lease, so that a load already under way cannot store. */
  async delete(key: ClusterKey, options: CallOptions): Promise<void> {
    await this.#client.delete(key, options);
  }

  /** Gives back a lease that may be there. Nobody waits for it. */
  #giveBack(key: ClusterKey, token: Buffer): void {
    void this.release(key, token);
  }

  #learn({ slot }: ClusterKey, error: unknown): void {
    if (isOutOfMemory(error)) this.#onOutOfMemory(slot);
  }

  async #remove(key: ClusterKey, head: Buffer): Promise<void> {
    try {
      await this.#client.run(release, { entry: key }, { head, channel: wakeChannelOf(key.slot) });
    } catch (error) {
      // It expires by itself; until then others wait.
      tellProblem({ what: 'not-released', template: key.template, why: nameOf(error) });
    }
  }

  #found(key: ClusterKey, bytes: Buffer | null): Found | Promise<Found> {
    if (bytes === null) return MISS;
    const stored: Stored = format.decode(bytes, key.text);
    switch (stored.kind) {
      case 'value':
        return stored;
      case 'lease':
        return { kind: 'leased', lease: stored.head };
      case 'undecodable':
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
    return AWAY;
  }
}

/** Whether a command that failed may have been executed, or may still come to be. */
function mayHaveHappened(error: unknown): boolean {
  return !(error instanceof CommandFailedError || error instanceof ShardUnavailableError);
}

function nameOf(error: unknown): string {
  if (error instanceof CommandFailedError) return error.reply;
  return error instanceof Error ? error.name : 'not an Error';
}
