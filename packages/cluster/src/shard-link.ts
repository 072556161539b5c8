import type { Redis } from 'ioredis';
import { redirectOf } from './failure.ts';
import { listeningLike, PING_EVERY_MS, PING_LIMIT_MS } from './listening.ts';
import { ping } from './ping.ts';
import { shownOf } from './server-error.ts';

/** Who is told what happens on a link. After `onEnd` nothing is told any more. */
export interface ShardLinkListener {
  onMessage(channel: string, message: Buffer): void;

  /** The node has given slots away. What is published on channels other than these is not heard any more. */
  onMoved(heard: ReadonlySet<string>): void;

  /** It was lost. Nothing is to be expected from it any more. */
  onEnd(why: string): void;
}

/**
 * What came of joining a channel. `failed`: not now. `denied`: the user may not listen to this channel. `refused`: nor
 * to any other, because the server does not know the command or the user may not use it.
 */
export type Joined =
  | { readonly outcome: 'joined' | 'failed' }
  | { readonly outcome: 'moved'; readonly to: string }
  | { readonly outcome: 'denied' | 'refused'; readonly why: string };

const REFUSED = /^NOPERM.* to run |unknown command|^ERR Command '.*' not found/i;
const DENIED = /^NOPERM/;

/**
 * A connection to one primary that hears shard channels and does nothing else. It is pinged from the start, so that
 * every answer it owes has a deadline: a node that is frozen accepts connections as before.
 */
export class ShardLink {
  readonly address: string;
  readonly #connection: Redis;
  readonly #listener: ShardLinkListener;
  #isEnded = false;
  #mustLook = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param like - a connection of ioredis's to the node, with the options to connect with */
  constructor(address: string, like: Redis, listener: ShardLinkListener) {
    this.address = address;
    this.#listener = listener;
    this.#connection = listeningLike(like, {
      reconnectOnError: null,
      // Messages are answers here, and a lost slot is told in the order of the messages before it.
      protocol: 2,
      connectionName: 'keyslot-shard-subscriber',
    });
    let why = 'the connection ended';
    // The `end` that follows says what to do; the error only says why.
    this.#connection.on('error', (error) => {
      why = error.message;
    });
    this.#connection.once('end', () => this.#lost(why));
    this.#connection.on('moved', () => this.#look());
    this.#connection.on('smessageBuffer', (channel: Buffer, message: Buffer) => {
      if (!this.#isEnded) listener.onMessage(channel.toString(), message);
    });
    this.#ping();
  }

  /** Subscribes. One channel per command: the slots of several may be of several nodes. */
  async join(channel: string): Promise<Joined> {
    try {
      await this.#connection.ssubscribe(channel);
      return { outcome: 'joined' };
    } catch (error) {
      const { message } = error as Error;
      const redirect = redirectOf(message);
      if (redirect !== undefined) return { outcome: 'moved', to: redirect.address };
      const why = shownOf(message, 'ssubscribe', [channel]);
      if (REFUSED.test(message)) return { outcome: 'refused', why };
      return DENIED.test(message) ? { outcome: 'denied', why } : { outcome: 'failed' };
    }
  }

  /** Unsubscribes. What is published afterwards may still arrive. */
  leave(channel: string): void {
    if (this.#isEnded) return;
    // With its connection the subscription ends as well.
    this.#connection.sunsubscribe(channel).catch(() => {});
  }

  /** Ends the connection, without a word to the listener. */
  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#connection.disconnect();
  }

  /** Looks at what is left when many slots have moved, not once for each: what arrives together is told together. */
  #look(): void {
    if (this.#mustLook) return;
    this.#mustLook = true;
    setImmediate(() => {
      this.#mustLook = false;
      if (this.#isEnded) return;
      // ioredis keeps the list for its own resubscribing, and does not say which channel it struck off.
      const subscriber = this.#connection.condition?.subscriber;
      this.#listener.onMoved(new Set(subscriber ? subscriber.channels('ssubscribe') : []));
    });
  }

  #ping(): void {
    ping(this.#connection, PING_LIMIT_MS).then(
      () => {
        if (!this.#isEnded) this.#timer = setTimeout(() => this.#ping(), PING_EVERY_MS);
      },
      (error: Error) => this.#lost(error.message),
    );
  }

  #lost(why: string): void {
    if (this.#isEnded) return;
    this.end();
    this.#listener.onEnd(why);
  }
}
