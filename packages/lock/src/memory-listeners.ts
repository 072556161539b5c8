import type { Listener, ShardSubscription } from '@keyslot/cluster';

interface Listening {
  readonly listener: Listener;
  stands: boolean;
}

/** Shard channels within a process. As with a server, nothing arrives within the call that subscribes or publishes. */
export class MemoryListeners {
  readonly #byChannel = new Map<string, Set<Listening>>();

  subscribe(channel: string, listener: Listener): ShardSubscription {
    const listening: Listening = { listener, stands: false };
    const among = this.#byChannel.get(channel) ?? new Set();
    this.#byChannel.set(channel, among.add(listening));
    queueMicrotask(() => {
      if (!among.has(listening)) return;
      listening.stands = true;
      listener.onStanding();
    });
    return {
      get stands() {
        return listening.stands;
      },
      [Symbol.asyncDispose]: async () => {
        among.delete(listening);
        if (among.size === 0 && this.#byChannel.get(channel) === among) this.#byChannel.delete(channel);
        if (!listening.stands) return;
        listening.stands = false;
        listener.onDown();
      },
    };
  }

  publish(channel: string, message: string): void {
    for (const listening of this.#byChannel.get(channel) ?? []) {
      if (!listening.stands) continue;
      const bytes = Buffer.from(message, 'latin1');
      queueMicrotask(() => {
        if (listening.stands) listening.listener.onMessage(bytes);
      });
    }
  }
}
