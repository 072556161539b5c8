import type { ClusterClient } from '@keyslot/cluster';
import type { ClusterKey, ClusterTier } from './cluster-tier.ts';
import { Doubts } from './doubts.ts';
import { InvalidationChannel } from './invalidation-channel.ts';
import { Journal, TELL_EVERY_MS } from './journal.ts';
import { Lately } from './lately.ts';
import type { Message } from './message.ts';
import type { Namespace } from './namespace.ts';
import type { Settings } from './options.ts';
import { tellInvalidation } from './telling.ts';

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
 * A doubtful key is not read from the cluster: a replica may be promoted that never saw the delete.
 */
export class Invalidations {
  readonly #settings: Settings;
  readonly #namespace: Namespace;
  readonly #memory: Memory;
  readonly #doubts = new Doubts();
  readonly #lately = new Lately();
  readonly #journal: Journal;
  readonly #channel: InvalidationChannel;

  constructor(
    client: ClusterClient,
    tier: ClusterTier,
    settings: Settings,
    namespace: Namespace,
    memory: Memory,
  ) {
    this.#settings = settings;
    this.#namespace = namespace;
    this.#memory = memory;
    this.#journal = new Journal(client, tier, settings.clock, {
      onDoubtful: (keys) => this.#becameDoubtful(keys),
      onConfirmed: (key) => this.#becameConfirmed(key),
      onGivenUp: (key) => this.#doubts.settle(this.#namespace.idOf(key.text), this.#channel.self),
    });
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
    const id = this.#namespace.idOf(key.text);
    this.#forget(id);
    const outcome = await this.#journal.delete(key, this.#settings.deleteWithinMs);
    // Once more: who came in between may have read the old value just before it went.
    this.#forget(id);
    if (outcome === 'deleted') await this.#channel.tell('deleted', [key]);
    tellInvalidation({ template: key.template, outcome });
    return { outcome };
  }

  /** Has every process forget its copy of a key whose value was replaced. */
  async replaced(key: ClusterKey): Promise<void> {
    this.#forget(this.#namespace.idOf(key.text));
    await this.#channel.tell('replaced', [key]);
  }

  async close(): Promise<void> {
    this.#journal.close();
    await this.#channel.close();
    this.#memory.stand(false);
  }

  #becameDoubtful(keys: readonly ClusterKey[]): void {
    for (const { text } of keys) {
      const id = this.#namespace.idOf(text);
      this.#doubts.own(id, this.#channel.self);
      this.#forget(id);
    }
    void this.#channel.tell('doubtful', keys);
  }

  #becameConfirmed(key: ClusterKey): void {
    const id = this.#namespace.idOf(key.text);
    this.#doubts.settle(id, this.#channel.self);
    this.#forget(id);
    void this.#channel.tell('deleted', [key]);
  }

  #heard({ kind, from, keys }: Message): void {
    const now = this.#settings.clock.now();
    for (const text of keys) {
      const id = this.#namespace.idOf(text);
      if (kind === 'doubtful') this.#doubts.hear(id, from, now);
      if (kind === 'deleted') this.#doubts.settle(id, from);
      this.#forget(id);
    }
  }

  #forget(id: string): void {
    this.#lately.note(id, this.#settings.clock.now());
    this.#memory.forget(id);
  }
}
