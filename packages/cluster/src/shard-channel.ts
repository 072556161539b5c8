import type { ShardLink } from './shard-link.ts';
import type { Listener } from './subscription.ts';
import { tellListener } from './tell-listener.ts';

/** Where a channel is. Adrift: nobody has been asked, or nobody could be. */
export type Place =
  | { readonly kind: 'adrift' }
  | { readonly kind: 'joining' | 'standing'; readonly link: ShardLink }
  | { readonly kind: 'left' };

/** One subscriber of a channel. The same listener may be there twice. */
export interface Subscriber {
  readonly listener: Listener;

  /** What it was told last. */
  knowsStanding: boolean;
}

/** A shard channel, those who listen to it, and the link on which it is heard. */
export class ShardChannel {
  readonly name: string;
  readonly slot: number;
  place: Place = { kind: 'adrift' };

  /** The owner by the word of a node, which is newer than the table. */
  namedOwner: string | undefined;

  /** How many nodes have sent us on since a pause was made. */
  redirects = 0;

  /** Not to be tried before, by `performance.now()`. */
  restsUntil = 0;
  readonly #subscribers = new Set<Subscriber>();

  constructor(name: string, slot: number) {
    this.name = name;
    this.slot = slot;
  }

  get link(): ShardLink | undefined {
    return this.place.kind === 'joining' || this.place.kind === 'standing' ? this.place.link : undefined;
  }

  get stands(): boolean {
    return this.place.kind === 'standing';
  }

  get isUnheard(): boolean {
    return this.#subscribers.size === 0;
  }

  add(listener: Listener): Subscriber {
    const subscriber: Subscriber = { listener, knowsStanding: false };
    this.#subscribers.add(subscriber);
    // Not within the call that subscribes: its caller has nothing in hand yet.
    if (this.stands) queueMicrotask(() => this.#tellState(subscriber));
    return subscriber;
  }

  has(subscriber: Subscriber): boolean {
    return this.#subscribers.has(subscriber);
  }

  /** Takes a subscriber away, with a last word. Answers whether it was still there. */
  remove(subscriber: Subscriber): boolean {
    if (!this.#subscribers.delete(subscriber)) return false;
    if (subscriber.knowsStanding) tellListener(() => subscriber.listener.onDown());
    return true;
  }

  /** Moves it, and tells those who listen if that changes what they can expect. */
  become(place: Place): void {
    const stood = this.stands;
    this.place = place;
    if (stood === this.stands) return;
    for (const subscriber of [...this.#subscribers]) this.#tellState(subscriber);
  }

  message(message: Buffer): void {
    for (const subscriber of [...this.#subscribers]) {
      if (this.has(subscriber)) tellListener(() => subscriber.listener.onMessage(message));
    }
  }

  #tellState(subscriber: Subscriber): void {
    if (!this.has(subscriber) || subscriber.knowsStanding === this.stands) return;
    subscriber.knowsStanding = this.stands;
    tellListener(() => (this.stands ? subscriber.listener.onStanding() : subscriber.listener.onDown()));
  }
}
