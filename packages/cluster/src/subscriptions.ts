import type { Cluster } from 'ioredis';
import { reachOf } from './connections.ts';
import type { Dispatcher } from './dispatcher.ts';
import { ShardSubscriber, type ShardSubscription } from './shard-subscriber.ts';
import { type Listener, Subscription } from './subscription.ts';

/** All that a client listens to. */
export class Subscriptions {
  readonly #cluster: Cluster;
  readonly #dispatcher: Dispatcher;
  readonly #classic = new Set<Subscription>();
  #shards: ShardSubscriber | undefined;

  constructor(cluster: Cluster, dispatcher: Dispatcher) {
    this.#cluster = cluster;
    this.#dispatcher = dispatcher;
  }

  toChannel(channel: string, listener: Listener): AsyncDisposable {
    const subscription = new Subscription(
      channel,
      listener,
      (but) => this.#dispatcher.guards.any(but)?.node,
      () => void this.#classic.delete(subscription),
    );
    this.#classic.add(subscription);
    return subscription;
  }

  toShardChannel(channel: string, listener: Listener): ShardSubscription {
    const { guards, slots, owners } = this.#dispatcher;
    this.#shards ??= new ShardSubscriber({
      primaryOf: (slot) => slots.primaryOf(slot),
      nodeAt: (address) => guards.at(address)?.node,
      reachOf: (announced) => reachOf(this.#cluster, announced),
      refreshSoon: () => this.#dispatcher.refreshSoon(),
      onChange: (told) => owners.add(told),
    });
    return this.#shards.subscribe(channel, listener);
  }

  async close(): Promise<void> {
    this.#shards?.close();
    await Promise.all([...this.#classic].map((subscription) => subscription[Symbol.asyncDispose]()));
  }
}
