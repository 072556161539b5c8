import type { Clock } from '@keyslot/kernel';
import { NOW } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import type { ClusterTier } from './cluster-tier.ts';
import { isNotPermitted } from './not-permitted.ts';
import type { DeleteResult } from './outcomes.ts';
import { Proof } from './proof.ts';
import { tellInvalidation } from './telling.ts';

/** What the journal tells the rest of the cache. */
export interface JournalListener {
  /** These deletes are not confirmed: their keys may still have their old values in the cluster. */
  onDoubtful(deletes: readonly DoubtfulDelete[]): void;

  /** This one is. */
  onConfirmed(repeated: DoubtfulDelete): void;

  /** This one never will be: there were too many, or it is another's and not permitted. */
  onGivenUp(repeated: RepeatedDelete): void;
}

/** A delete that is made until it is confirmed, and whether it was this process that was asked for it. */
export interface RepeatedDelete {
  readonly key: ClusterKey;
  readonly isOurs: boolean;
}

/** One that others were told of, or may be. */
export interface DoubtfulDelete extends RepeatedDelete {
  readonly proof: Proof;
}

/** A delete that is not confirmed yet. */
interface Pending extends DoubtfulDelete {
  isOurs: boolean;

  /** Who waits for it. */
  readonly waiting: Set<(result: DeleteResult) => void>;

  /** How often it was asked for. Only an attempt that began after the last time can confirm it. */
  asked: number;
  isUnderWay: boolean;
}

/** How often deletes that are not confirmed are tried again, and told of again, in milliseconds. */
const TRY_EVERY_MS = 25;
export const TELL_EVERY_MS = 500;

/** How many are tried at once: a shard that is away must not take all of the process's time. */
const TRY_AT_ONCE = 500;

/** How many are kept. Beyond that some are dropped, those of others first, and it is told. */
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

  /** Those of them that only others were asked for: what others say takes the place of nothing of this process's own. */
  readonly #ofOthers = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(tier: ClusterTier, clock: Clock, listener: JournalListener) {
    this.#tier = tier;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Deletes a key. `pending`: not within the time given; it goes on in the background. */
  async delete(key: ClusterKey, withinMs: number): Promise<DeleteResult> {
    let removed: 'deleted' | 'absent';
    try {
      removed = await this.#tier.delete(key, NOW);
    } catch {
      // Why does not matter: until a primary has confirmed it, it counts as not done. The client has told.
      return this.#keepTrying(key, withinMs);
    }
    // A primary that was lost meanwhile may have confirmed it, and not have been the primary any more.
    if (this.#pending.has(key.text)) return this.#keepTrying(key, withinMs);
    return { outcome: 'deleted', existed: removed === 'deleted' };
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
    // Without those for which there was no room: nobody would ever say that they are confirmed.
    this.#listener.onDoubtful(others.flatMap(({ key }) => this.#pending.get(key.text) ?? []));
    this.#arm();
  }

  /** Gives up what is not confirmed, and says so. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const pending of this.#pending.values()) this.#drop(pending);
  }

  #keepTrying(key: ClusterKey, withinMs: number): Promise<DeleteResult> {
    if (this.#closed) {
      tellInvalidation({ template: key.template, outcome: 'dropped' });
      return Promise.resolve({ outcome: 'pending' });
    }
    return new Promise((resolve) => {
      const pending = this.#add(key, true);
      const { waiting } = pending;
      const settle = (result: DeleteResult) => {
        clearTimeout(late);
        waiting.delete(settle);
        resolve(result);
      };
      const late = setTimeout(() => settle({ outcome: 'pending' }), withinMs);
      waiting.add(settle);
      this.#listener.onDoubtful([pending]);
      this.#arm();
    });
  }

  #add(key: ClusterKey, isOurs: boolean): Pending {
    const known = this.#pending.get(key.text);
    if (known !== undefined) {
      known.asked++;
      known.isOurs ||= isOurs;
      if (isOurs) this.#ofOthers.delete(key.text);
      return known;
    }
    const proof = new Proof();
    const pending: Pending = { key, isOurs, proof, waiting: new Set(), asked: 1, isUnderWay: false };
    this.#pending.set(key.text, pending);
    if (!isOurs) this.#ofOthers.add(key.text);
    if (this.#pending.size > LIMIT) this.#dropOne();
    return pending;
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => this.#tryAgain(), TRY_EVERY_MS * (0.5 + Math.random()));
  }

  #tryAgain(): void {
    this.#timer = undefined;
    if (this.#pending.size === 0) return;
    const now = this.#clock.monotonic();
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
    } catch (error) {
      if (this.#pending.get(key.text) !== pending) return;
      // Another tenant's, as far as this process's user is concerned. Whoever deleted it repeats that.
      if (!pending.isOurs && isNotPermitted(error)) return this.#drop(pending);
      // Still not confirmed: tried again, after the others have had their turn.
      this.#pending.delete(key.text);
      this.#pending.set(key.text, pending);
      return;
    } finally {
      pending.isUnderWay = false;
    }
    if (pending.asked !== asked || this.#pending.get(key.text) !== pending) return;
    this.#remove(key.text);
    tellInvalidation({ template: key.template, outcome: 'confirmed' });
    this.#listener.onConfirmed(pending);
    for (const settle of waiting) settle({ outcome: 'deleted' });
  }

  /** One of others, who repeat it themselves; else the oldest. */
  #dropOne(): void {
    const [text = ''] = this.#ofOthers.size > 0 ? this.#ofOthers : this.#pending.keys();
    const pending = this.#pending.get(text);
    if (pending !== undefined) this.#drop(pending);
  }

  #drop(pending: Pending): void {
    const { key, waiting } = pending;
    this.#remove(key.text);
    tellInvalidation({ template: key.template, outcome: 'dropped' });
    this.#listener.onGivenUp(pending);
    for (const settle of waiting) settle({ outcome: 'pending' });
  }

  #remove(text: string): void {
    this.#pending.delete(text);
    this.#ofOthers.delete(text);
  }
}
