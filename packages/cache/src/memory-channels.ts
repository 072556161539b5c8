import type { Listener, ShardSubscription } from '@keyslot/cluster';

interface Subscriber {
  readonly listener: Listener;
  stands: boolean;
}

/**
 * Channels within a process. As with a server, nothing arrives within the call that subscribes or publishes. What a
 * listener throws goes to whoever handles uncaught exceptions.
 */
export class MemoryChannels {
  readonly #subscribers = new Map<string, Set<Subscriber>>();

  subscribe(channel: string, listener: Listener): ShardSubscription {
    const subscriber: Subscriber = { listener, stands: false };
    const among = this.#subscribers.get(channel) ?? new Set();
    this.#subscribers.set(channel, among.add(subscriber));
    queueMicrotask(() => {
      if (!among.has(subscriber)) return;
      subscriber.stands = true;
      listener.onStanding();
    });
    return {
      get stands() {
        return subscriber.stands;
      },
      [Symbol.asyncDispose]: async () => {
        among.delete(subscriber);
        if (among.size === 0 && this.#subscribers.get(channel) === among) this.#subscribers.delete(channel);
        if (!subscriber.stands) return;
        subscriber.stands = false;
        listener.onDown();
      },
    };
  }

  /** Each listener is given bytes of its own. */
  publish(channel: string, message: Buffer): void {
    for (const subscriber of this.#subscribers.get(channel) ?? []) {
      if (!subscriber.stands) continue;
      const bytes = Buffer.from(message);
      queueMicrotask(() => {
        if (subscriber.stands) subscriber.listener.onMessage(bytes);
      });
    }
  }
}
