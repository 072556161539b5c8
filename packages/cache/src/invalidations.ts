import type { CacheClient } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import type { ClusterTier } from './cluster-tier.ts';
import { Doubts } from './doubts.ts';
import { InvalidationChannel } from './invalidation-channel.ts';
import { type DoubtfulDelete, Journal, type RepeatedDelete, TELL_EVERY_MS } from './journal.ts';
import { Lately } from './lately.ts';
import type { Message } from './message.ts';
import type { Namespace } from './namespace.ts';
import type { Settings } from './options.ts';
import type { DeleteResult } from './outcomes.ts';
import { sealOf } from './proof.ts';
import { tellInvalidation, tellProblem } from './telling.ts';

/** In the place of a template that only another process knows. */
const OF_OTHERS = '<of another process>';

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
      onGivenUp: (repeated) => this.#gaveUp(repeated),
    });
    this.#stopListening = client.onOwnerChange((concerns) => this.#ownerChanged(concerns));
    this.#channel = new InvalidationChannel(client, settings.channel, {
      onMessage: (message) => this.#heard(message),
      onStanding: (stands) => memory.stand(stands),
    });
  }

  /** Whether messages of other processes arrive, within a time. @throws {CacheClosedError} when it is closed before. */
  standing(withinMs: number): Promise<boolean> {
    return this.#channel.standing(withinMs);
  }

  isDoubtful(id: string): boolean {
    return this.#doubts.has(id, this.#settings.clock.monotonic());
  }

  /** Whether a replica may have an older value than its primary had, as far as this process was told. */
  mayBeOldOnReplica(id: string): boolean {
    // Who was not listening hears of doubts when they are told again.
    if (this.#channel.standsForMs() < 1.5 * TELL_EVERY_MS) return true;
    return this.isDoubtful(id) || this.#lately.has(id, this.#settings.clock.monotonic());
  }

  async delete(key: ClusterKey): Promise<DeleteResult> {
    const result = await this.#deleteUntold(key);
    if (result.outcome === 'deleted') await this.#channel.tell('deleted', [key]);
    return result;
  }

  /** Deletes many, and tells of them together. */
  async deleteMany(keys: readonly ClusterKey[]): Promise<DeleteResult[]> {
    const results = await Promise.all(keys.map((key) => this.#deleteUntold(key)));
    const deleted = keys.filter((_, i) => results[i]?.outcome === 'deleted');
    if (deleted.length > 0) await this.#channel.tell('deleted', deleted);
    return results;
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

  async #deleteUntold(key: ClusterKey): Promise<DeleteResult> {
    this.#forget(key.text, key.template);
    const result = await this.#journal.delete(key, this.#settings.deleteWithinMs);
    // Once more: who came in between may have read the old value just before it went.
    this.#forget(key.text, key.template);
    tellInvalidation({ template: key.template, outcome: result.outcome });
    return result;
  }

  #ownerChanged(concerns: (slot: number) => boolean): void {
    const recent: RepeatedDelete[] = [];
    for (const [id, template] of this.#lately.all(this.#settings.clock.monotonic())) {
      const key = this.#namespace.keyOf(id, template ?? OF_OTHERS);
      if (concerns(key.slot)) recent.push({ key, isOurs: template !== undefined });
    }
    this.#journal.ownerChanged(concerns, recent);
  }

  #becameDoubtful(deletes: readonly DoubtfulDelete[]): void {
    for (const { key } of deletes) {
      const id = this.#namespace.idOf(key.text);
      this.#doubts.own(id, this.#channel.self);
      this.#memory.forget(id);
    }
    const ours = deletes.filter(({ isOurs }) => isOurs);
    const [keys, seals] = [ours.map(({ key }) => key), ours.map(({ proof }) => proof.seal)];
    if (ours.length > 0) void this.#channel.tell('doubtful', keys, seals);
  }

  #becameConfirmed({ key, isOurs, proof }: DoubtfulDelete): void {
    this.#doubts.settle(this.#namespace.idOf(key.text), this.#channel.self);
    this.#forget(key.text, isOurs ? key.template : undefined);
    if (isOurs) void this.#channel.tell('deleted', [key], [proof.secret]);
  }

  #gaveUp({ key, isOurs }: RepeatedDelete): void {
    const id = this.#namespace.idOf(key.text);
    this.#doubts.settle(id, this.#channel.self);
    // Another process repeats it. That takes a moment, and is told.
    if (!isOurs) this.#hearDoubt(id, this.#channel.self);
  }

  #hearDoubt(id: string, source: string): void {
    const heard = this.#doubts.hear(id, source, this.#settings.clock.monotonic());
    if (heard === 'crowded') tellCrowded('doubts');
  }

  /** Anybody can publish. The worst that comes of a message is that this process asks or loads once more than it had to. */
  #heard({ kind, from, keys, proofs }: Message): void {
    for (const [i, text] of keys.entries()) {
      const proof = proofs?.[i];
      if (!this.#namespace.has(text)) {
        tellProblem({ what: 'malformed-message', why: 'a key that is none of this namespace' });
        return;
      }
      const id = this.#namespace.idOf(text);
      if (kind === 'doubtful') this.#hearDoubt(id, proof ?? from);
      if (kind === 'deleted' && proof !== undefined) this.#doubts.settle(id, sealOf(proof));
      this.#forget(text, undefined);
    }
  }

  /** @param template - the key's, where it was this process that changed it */
  #forget(text: string, template: string | undefined): void {
    const id = this.#namespace.idOf(text);
    if (this.#lately.note(id, template, this.#settings.clock.monotonic()) === 'crowded')
      tellCrowded('changes');
    this.#memory.forget(id);
  }
}

/** A failover just now may bring old values back for a moment. */
function tellCrowded(what: 'changes' | 'doubts'): void {
  tellProblem({ what: 'crowded', why: `more ${what} at a time than are remembered` });
}
