import type { CacheClient } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import type { ClusterTier } from './cluster-tier.ts';
import { Doubts } from './doubts.ts';
import { InvalidationChannel } from './invalidation-channel.ts';
import { Journal, type RepeatedDelete, TELL_EVERY_MS } from './journal.ts';
import { Lately } from './lately.ts';
import type { Message } from './message.ts';
import type { Namespace } from './namespace.ts';
import type { Settings } from './options.ts';
import { tellInvalidation } from './telling.ts';

/** In the place of a template that only another process knows. */
const OF_OTHERS = '<of another process>';

/** What came of a delete. `pending`: the shard is away; it goes on, and nobody reads the old value meanwhile. */
export interface DeleteResult {
  readonly outcome: 'deleted' | 'pending';
}

/** What this process keeps of keys, and has to give up. */
export interface Memory {
  /** What is kept of this key, and what is under way for it, is out of date. */
  forget(id: string): void;

  /** Messages of other processes arrive from now on, or do not. Either way some may have been missed. */
  stand(stands: boolean): void;
}

/**
 * Deletes, this process's and those of others.
 *
 * ```
 *   delete ─▶ forget here ─▶ DEL ─ confirmed ─▶ forget here again ─▶ tell the others ─▶ 'deleted'
 *                             │ not                                    ▲
 *                             ▼                                        │ confirmed
 *                           doubtful, here and, told so, elsewhere ─▶ again and again
 * ```
 *
 * A doubtful key is not read from the cluster: a replica may be promoted that never saw the delete. So when a slot has a
 * new owner, every process deletes there what it deleted, replaced or heard of a short while ago, before it reads it.
 */
export class Invalidations {
  readonly #settings: Settings;
  readonly #namespace: Namespace;
  readonly #memory: Memory;
  readonly #doubts = new Doubts();
  readonly #lately = new Lately();
  readonly #journal: Journal;
  readonly #channel: InvalidationChannel;
  readonly #stopListening: () => void;

  constructor(
    client: CacheClient,
    tier: ClusterTier,
    settings: Settings,
    namespace: Namespace,
    memory: Memory,
  ) {
    this.#settings = settings;
    this.#namespace = namespace;
    this.#memory = memory;
    this.#journal = new Journal(tier, settings.clock, {
      onDoubtful: (deletes) => this.#becameDoubtful(deletes),
      onConfirmed: (repeated) => this.#becameConfirmed(repeated),
      onGivenUp: ({ key }) => this.#doubts.settle(this.#namespace.idOf(key.text), this.#channel.self),
    });
    this.#stopListening = client.onOwnerChange((concerns) => this.#ownerChanged(concerns));
    this.#channel = new InvalidationChannel(client, settings.channel, {
      onMessage: (message) => this.#heard(message),
      onStanding: (stands) => memory.stand(stands),
    });
  }

  /** Resolves once messages of other processes arrive. */
  standing(): Promise<void> {
    return this.#channel.standing();
  }

  isDoubtful(id: string): boolean {
    return this.#doubts.has(id, this.#settings.clock.now());
  }

  /** Whether a replica may have an older value than its primary had, as far as this process was told. */
  mayBeOldOnReplica(id: string): boolean {
    // Who was not listening hears of doubts when they are told again.
    if (this.#channel.standsForMs() < 1.5 * TELL_EVERY_MS) return true;
    return this.isDoubtful(id) || this.#lately.has(id, this.#settings.clock.now());
  }

  async delete(key: ClusterKey): Promise<DeleteResult> {
    const outcome = await this.#deleteUntold(key);
    if (outcome === 'deleted') await this.#channel.tell('deleted', [key]);
    return { outcome };
  }

  /** Deletes many, and tells of them together. */
  async deleteMany(keys: readonly ClusterKey[]): Promise<DeleteResult[]> {
    const outcomes = await Promise.all(keys.map((key) => this.#deleteUntold(key)));
    const deleted = keys.filter((_, i) => outcomes[i] === 'deleted');
    if (deleted.length > 0) await this.#channel.tell('deleted', deleted);
    return outcomes.map((outcome) => ({ outcome }));
  }

  /** A value is about to be replaced. A new owner that does not know of it is not to have the old one. */
  replacing(key: ClusterKey): void {
    this.#forget(key.text, key.template);
  }

  /** Has every process forget its copies of keys whose values were replaced. */
  async replaced(...keys: readonly ClusterKey[]): Promise<void> {
    for (const key of keys) this.#forget(key.text, key.template);
    await this.#channel.tell('replaced', keys);
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.#journal.close();
    await this.#channel.close();
    this.#memory.stand(false);
  }

  async #deleteUntold(key: ClusterKey): Promise<DeleteResult['outcome']> {
    this.#forget(key.text, key.template);
    const outcome = await this.#journal.delete(key, this.#settings.deleteWithinMs);
    // Once more: who came in between may have read the old value just before it went.
    this.#forget(key.text, key.template);
    tellInvalidation({ template: key.template, outcome });
    return outcome;
  }

  #ownerChanged(concerns: (slot: number) => boolean): void {
    const recent: RepeatedDelete[] = [];
    for (const [id, template] of this.#lately.all(this.#settings.clock.now())) {
      const key = this.#namespace.keyOf(id, template ?? OF_OTHERS);
      if (concerns(key.slot)) recent.push({ key, isOurs: template !== undefined });
    }
    this.#journal.ownerChanged(concerns, recent);
  }

  #becameDoubtful(deletes: readonly RepeatedDelete[]): void {
    for (const { key } of deletes) {
      const id = this.#namespace.idOf(key.text);
      this.#doubts.own(id, this.#channel.self);
      this.#memory.forget(id);
    }
    const ours = deletes.filter(({ isOurs }) => isOurs).map(({ key }) => key);
    if (ours.length > 0) void this.#channel.tell('doubtful', ours);
  }

  #becameConfirmed({ key, isOurs }: RepeatedDelete): void {
    this.#doubts.settle(this.#namespace.idOf(key.text), this.#channel.self);
    this.#forget(key.text, isOurs ? key.template : undefined);
    if (isOurs) void this.#channel.tell('deleted', [key]);
  }

  #heard({ kind, from, keys }: Message): void {
    const now = this.#settings.clock.now();
    for (const text of keys) {
      const id = this.#namespace.idOf(text);
      if (kind === 'doubtful') this.#doubts.hear(id, from, now);
      if (kind === 'deleted') this.#doubts.settle(id, from);
      this.#forget(text, undefined);
    }
  }

  /** @param template - the key's, where it was this process that changed it */
  #forget(text: string, template: string | undefined): void {
    const id = this.#namespace.idOf(text);
    this.#lately.note(id, template, this.#settings.clock.now());
    this.#memory.forget(id);
  }
}
