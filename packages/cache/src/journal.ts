import type { CallOptions, ClusterClient } from '@keyslot/cluster';
import type { Clock } from '@keyslot/kernel';
import type { ClusterKey, ClusterTier } from './cluster-tier.ts';
import { tellInvalidation } from './telling.ts';

/** What the journal tells the rest of the cache. */
export interface JournalListener {
  /** These deletes are not confirmed: their keys may still have their old values in the cluster. */
  onDoubtful(keys: readonly ClusterKey[]): void;

  /** This one is. */
  onConfirmed(key: ClusterKey): void;

  /** This one never will be: there were too many. */
  onGivenUp(key: ClusterKey): void;
}

/** A delete that is not confirmed yet. */
interface Pending {
  readonly key: ClusterKey;

  /** Who waits for it. */
  readonly waiting: Set<(outcome: 'deleted' | 'pending') => void>;

  /** How often it was asked for. Only an attempt that began after the last time can confirm it. */
  asked: number;
  isUnderWay: boolean;
}

/** How long a delete is remembered: longer than a failover takes, in milliseconds. */
const REMEMBER_MS = 10_000;

/** How often deletes that are not confirmed are tried again, and told of again, in milliseconds. */
const TRY_EVERY_MS = 25;
export const TELL_EVERY_MS = 500;

/** How many are tried at once: a shard that is away must not take all of the process's time. */
const TRY_AT_ONCE = 500;

/** How many of each kind are remembered. Beyond that some are dropped, and it is told. */
const LIMIT = 50_000;

const NOW: CallOptions = { whenOpen: 'reject' };

/**
 * Deletes that have not been confirmed, and those that were a short while ago.
 *
 * A delete that a primary confirmed can still be undone: it replicates after it answers, and if it dies in
 * between, its replica comes up with the old value. So when a primary is lost, what it confirmed last counts as
 * not confirmed again, and is repeated at whoever owns the slot until that one confirms it.
 */
export class Journal {
  readonly #tier: ClusterTier;
  readonly #clock: Clock;
  readonly #listener: JournalListener;
  readonly #pending = new Map<string, Pending>();
  readonly #recent = new Map<string, { readonly key: ClusterKey; readonly at: number }>();
  readonly #stopListening: () => void;
  #timer: NodeJS.Timeout | undefined;
  #toldAt = 0;
  #closed = false;

  constructor(client: ClusterClient, tier: ClusterTier, clock: Clock, listener: JournalListener) {
    this.#tier = tier;
    this.#clock = clock;
    this.#listener = listener;
    this.#stopListening = client.onOwnerChange((concerns) => this.#ownerChanged(concerns));
  }

  /** Deletes a key. `'pending'`: not within the time given; it goes on in the background. */
  async delete(key: ClusterKey, withinMs: number): Promise<'deleted' | 'pending'> {
    // Before it is sent: a primary that is lost meanwhile may confirm it and not be the primary any more.
    this.#remember(key);
    try {
      await this.#tier.delete(key, NOW);
    } catch {
      // Why does not matter: until a primary has confirmed it, it counts as not done. The client has told.
      return this.#keepTrying(key, withinMs);
    }
    if (this.#pending.has(key.text)) return this.#keepTrying(key, withinMs);
    this.#remember(key);
    return 'deleted';
  }

  /** Gives up what is not confirmed, and says so. */
  close(): void {
    this.#closed = true;
    this.#stopListening();
    clearTimeout(this.#timer);
    for (const pending of this.#pending.values()) this.#drop(pending);
    this.#recent.clear();
  }

  #keepTrying(key: ClusterKey, withinMs: number): Promise<'deleted' | 'pending'> {
    if (this.#closed) {
      tellInvalidation({ template: key.template, outcome: 'dropped' });
      return Promise.resolve('pending');
    }
    return new Promise((resolve) => {
      const { waiting } = this.#add(key);
      const settle = (outcome: 'deleted' | 'pending') => {
        clearTimeout(late);
        waiting.delete(settle);
        resolve(outcome);
      };
      const late = setTimeout(() => settle('pending'), withinMs);
      waiting.add(settle);
      this.#listener.onDoubtful([key]);
      this.#arm();
    });
  }

  #add(key: ClusterKey): Pending {
    const known = this.#pending.get(key.text);
    if (known !== undefined) {
      known.asked++;
      return known;
    }
    if (this.#pending.size >= LIMIT) this.#dropOldest();
    const pending: Pending = { key, waiting: new Set(), asked: 1, isUnderWay: false };
    this.#pending.set(key.text, pending);
    this.#recent.delete(key.text);
    return pending;
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => this.#tryAgain(), TRY_EVERY_MS * (0.5 + Math.random()));
  }

  #tryAgain(): void {
    this.#timer = undefined;
    if (this.#pending.size === 0) return;
    const now = this.#clock.now();
    if (now - this.#toldAt >= TELL_EVERY_MS) {
      this.#toldAt = now;
      this.#listener.onDoubtful([...this.#pending.values()].map(({ key }) => key));
    }
    let tried = 0;
    for (const pending of this.#pending.values()) {
      if (tried === TRY_AT_ONCE) break;
      if (pending.isUnderWay) continue;
      tried++;
      void this.#try(pending);
    }
    this.#arm();
  }

  async #try(pending: Pending): Promise<void> {
    pending.isUnderWay = true;
    const { key, asked, waiting } = pending;
    try {
      await this.#tier.delete(key, NOW);
    } catch {
      // Still not confirmed: tried again, after the others have had their turn.
      if (this.#pending.get(key.text) === pending) {
        this.#pending.delete(key.text);
        this.#pending.set(key.text, pending);
      }
      return;
    } finally {
      pending.isUnderWay = false;
    }
    if (pending.asked !== asked || this.#pending.get(key.text) !== pending) return;
    this.#pending.delete(key.text);
    this.#remember(key);
    tellInvalidation({ template: key.template, outcome: 'confirmed' });
    this.#listener.onConfirmed(key);
    for (const settle of waiting) settle('deleted');
  }

  /** The newest last, each key once. */
  #remember(key: ClusterKey): void {
    const at = this.#clock.now();
    this.#recent.delete(key.text);
    this.#recent.set(key.text, { key, at });
    for (const [text, oldest] of this.#recent) {
      if (at - oldest.at < REMEMBER_MS && this.#recent.size <= LIMIT) break;
      this.#recent.delete(text);
    }
  }

  #ownerChanged(concerns: (slot: number) => boolean): void {
    const since = this.#clock.now() - REMEMBER_MS;
    const keys: ClusterKey[] = [];
    for (const { key, at } of this.#recent.values()) if (at >= since && concerns(key.slot)) keys.push(key);
    // Attempts under way at the old owner confirm nothing either.
    for (const pending of this.#pending.values()) if (concerns(pending.key.slot)) pending.asked++;
    if (keys.length === 0) return;
    for (const key of keys) {
      this.#add(key);
      tellInvalidation({ template: key.template, outcome: 'repeated' });
    }
    this.#listener.onDoubtful(keys);
    this.#arm();
  }

  #dropOldest(): void {
    for (const oldest of this.#pending.values()) {
      this.#drop(oldest);
      return;
    }
  }

  #drop(pending: Pending): void {
    const { key, waiting } = pending;
    this.#pending.delete(key.text);
    tellInvalidation({ template: key.template, outcome: 'dropped' });
    this.#listener.onGivenUp(key);
    for (const settle of waiting) settle('pending');
  }
}
