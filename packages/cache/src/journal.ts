import type { Clock } from '@keyslot/kernel';
import { NOW } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import type { ClusterTier } from './cluster-tier.ts';
import { tellInvalidation } from './telling.ts';

/** What the journal tells the rest of the cache. */
export interface JournalListener {
  /** These deletes are not confirmed: their keys may still have their old values in the cluster. */
  onDoubtful(deletes: readonly RepeatedDelete[]): void;

  /** This one is. */
  onConfirmed(repeated: RepeatedDelete): void;

  /** This one never will be: there were too many. */
  onGivenUp(repeated: RepeatedDelete): void;
}

/** A delete that is made until it is confirmed, and whether it was this process that was asked for it. */
export interface RepeatedDelete {
  readonly key: ClusterKey;
  readonly isOurs: boolean;
}

/** A delete that is not confirmed yet. */
interface Pending extends RepeatedDelete {
  isOurs: boolean;

  /** Who waits for it. */
  readonly waiting: Set<(outcome: 'deleted' | 'pending') => void>;

  /** How often it was asked for. Only an attempt that began after the last time can confirm it. */
  asked: number;
  isUnderWay: boolean;
}

/** How often deletes that are not confirmed are tried again, and told of again, in milliseconds. */
const TRY_EVERY_MS = 25;
export const TELL_EVERY_MS = 500;

/** How many are tried at once: a shard that is away must not take all of the process's time. */
const TRY_AT_ONCE = 500;

/** How many are kept. Beyond that some are dropped, and it is told. */
const LIMIT = 50_000;

/**
 * Deletes that have not been confirmed.
 *
 * A delete that a primary confirmed can still be undone: it replicates after it answers, and if it dies in
 * between, its replica comes up with the old value. So when a primary is lost, what it confirmed last counts as
 * not confirmed again, and is repeated at whoever owns the slot until that one confirms it. By every process that knows
 * of it, because each must not read the key before.
 */
export class Journal {
  readonly #tier: ClusterTier;
  readonly #clock: Clock;
  readonly #listener: JournalListener;
  readonly #pending = new Map<string, Pending>();
  #timer: NodeJS.Timeout | undefined;
  #toldAt = 0;
  #closed = false;

  constructor(tier: ClusterTier, clock: Clock, listener: JournalListener) {
    this.#tier = tier;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Deletes a key. `'pending'`: not within the time given; it goes on in the background. */
  async delete(key: ClusterKey, withinMs: number): Promise<'deleted' | 'pending'> {
    try {
      await this.#tier.delete(key, NOW);
    } catch {
      // Why does not matter: until a primary has confirmed it, it counts as not done. The client has told.
      return this.#keepTrying(key, withinMs);
    }
    // A primary that was lost meanwhile may have confirmed it, and not have been the primary any more.
    return this.#pending.has(key.text) ? this.#keepTrying(key, withinMs) : 'deleted';
  }

  /**
   * Slots have a new owner, or their primary was lost.
   *
   * @param recent - what was deleted there a short while ago
   */
  ownerChanged(concerns: (slot: number) => boolean, recent: readonly RepeatedDelete[]): void {
    // Attempts under way at the old owner confirm nothing.
    for (const pending of this.#pending.values()) if (concerns(pending.key.slot)) pending.asked++;
    const others = recent.filter(({ key }) => !this.#pending.has(key.text));
    if (others.length === 0 || this.#closed) return;
    for (const { key, isOurs } of others) {
      this.#add(key, isOurs);
      tellInvalidation({ template: key.template, outcome: 'repeated' });
    }
    this.#listener.onDoubtful(others);
    this.#arm();
  }

  /** Gives up what is not confirmed, and says so. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const pending of this.#pending.values()) this.#drop(pending);
  }

  #keepTrying(key: ClusterKey, withinMs: number): Promise<'deleted' | 'pending'> {
    if (this.#closed) {
      tellInvalidation({ template: key.template, outcome: 'dropped' });
      return Promise.resolve('pending');
    }
    return new Promise((resolve) => {
      const { waiting } = this.#add(key, true);
      const settle = (outcome: 'deleted' | 'pending') => {
        clearTimeout(late);
        waiting.delete(settle);
        resolve(outcome);
      };
      const late = setTimeout(() => settle('pending'), withinMs);
      waiting.add(settle);
      this.#listener.onDoubtful([{ key, isOurs: true }]);
      this.#arm();
    });
  }

  #add(key: ClusterKey, isOurs: boolean): Pending {
    const known = this.#pending.get(key.text);
    if (known !== undefined) {
      known.asked++;
      known.isOurs ||= isOurs;
      return known;
    }
    if (this.#pending.size >= LIMIT) this.#dropOldest();
    const pending: Pending = { key, isOurs, waiting: new Set(), asked: 1, isUnderWay: false };
    this.#pending.set(key.text, pending);
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
      this.#listener.onDoubtful([...this.#pending.values()]);
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
    tellInvalidation({ template: key.template, outcome: 'confirmed' });
    this.#listener.onConfirmed(pending);
    for (const settle of waiting) settle('deleted');
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
    this.#listener.onGivenUp(pending);
    for (const settle of waiting) settle('pending');
  }
}
