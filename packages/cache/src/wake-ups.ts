import type { ShardSubscription } from '@keyslot/cluster';
import type { Clock } from '@keyslot/kernel';
import type { CacheClient } from './cache-client.ts';
import { wakeChannelOf } from './wake-channel.ts';

/** Why a waiter has stopped sleeping: it was called, its channel began or ceased to stand, or time is up. */
type Awoken = 'called' | 'channel' | 'time';

/** One who waits for a lease to end. Disposing of it gives its place back. */
export interface WakeUp extends Disposable {
  /** Whether a call would arrive now, and would have since {@link WakeUp.sleep} last ended. */
  readonly stands: boolean;

  /** What came with the last call. */
  readonly note: Buffer;

  /** Sleeps until there is a reason not to. A call that came since the last time is not lost. */
  sleep(ms: number): Promise<Awoken>;
}

/** The waiters of one slot and the subscription that they share. */
interface Watch {
  readonly subscription: ShardSubscription;
  readonly waiters: Set<Waiter>;
}

/**
 * Calls those who wait for leases to end, by what fills and releases publish on the channel of their slot: the token
 * of the lease that ended, and why, if it ended without a value. A slot's channel is subscribed to for as long as anybody waits there.
 */
export class WakeUps implements AsyncDisposable {
  readonly #client: Pick<CacheClient, 'subscribeShard'>;
  readonly #clock: Clock;
  readonly #watches = new Map<number, Watch>();
  #closed = false;

  constructor(client: Pick<CacheClient, 'subscribeShard'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * A place for one who waits for the lease with a token. Take it before the lease is looked at once more: then
   * there is no moment in which its end would be missed.
   */
  expect(slot: number, token: Buffer): WakeUp {
    const watch = this.#watches.get(slot) ?? this.#watch(slot);
    const waiter = new Waiter(token, watch?.subscription, this.#clock, () => {
      if (watch === undefined || !watch.waiters.delete(waiter) || watch.waiters.size > 0) return;
      if (this.#watches.get(slot) === watch) this.#watches.delete(slot);
      void watch.subscription[Symbol.asyncDispose]();
    });
    watch?.waiters.add(waiter);
    return waiter;
  }

  /** Nobody is called any more; those who wait go on by the clock. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    await Promise.all(watches.map(({ subscription }) => subscription[Symbol.asyncDispose]()));
  }

  #watch(slot: number): Watch | undefined {
    if (this.#closed) return undefined;
    const waiters = new Set<Waiter>();
    const tellChannel = () => {
      for (const waiter of waiters) waiter.wake('channel');
    };
    let subscription: ShardSubscription;
    try {
      subscription = this.#client.subscribeShard(wakeChannelOf(slot), {
        onMessage: (message) => {
          for (const waiter of waiters) waiter.hear(message);
        },
        onStanding: tellChannel,
        onDown: tellChannel,
      });
    } catch {
      // The client is closed, as the waiter's next look at the cluster says; it must not fail because of the tier.
      return undefined;
    }
    const watch = { subscription, waiters };
    this.#watches.set(slot, watch);
    return watch;
  }
}

const NO_NOTE = Buffer.alloc(0);

class Waiter implements WakeUp {
  note: Buffer = NO_NOTE;
  readonly #token: Buffer;
  readonly #subscription: ShardSubscription | undefined;
  readonly #clock: Clock;
  readonly #leave: () => void;
  #missed: Awoken | undefined;
  #wake: ((why: Awoken) => void) | undefined;

  constructor(token: Buffer, subscription: ShardSubscription | undefined, clock: Clock, leave: () => void) {
    this.#token = token;
    this.#subscription = subscription;
    this.#clock = clock;
    this.#leave = leave;
  }

  get stands(): boolean {
    return this.#missed !== 'channel' && this.#subscription?.stands === true;
  }

  /** A token, and what is said with it. */
  hear(message: Buffer): void {
    const { length } = this.#token;
    if (message.length < length || this.#token.compare(message, 0, length) !== 0) return;
    this.note = message.subarray(length);
    this.wake('called');
  }

  wake(why: Awoken): void {
    if (this.#wake !== undefined) this.#wake(why);
    else if (this.#missed !== 'called') this.#missed = why;
  }

  async sleep(ms: number): Promise<Awoken> {
    const missed = this.#missed;
    this.#missed = undefined;
    if (missed !== undefined) return missed;
    const awake = new AbortController();
    const called = new Promise<Awoken>((resolve) => {
      this.#wake = resolve;
    });
    // Rejects only because it is ended below, when nobody listens to it any more.
    const time = this.#clock.sleep(ms, awake.signal).then(
      () => 'time' as const,
      () => 'time' as const,
    );
    try {
      return await Promise.race([called, time]);
    } finally {
      this.#wake = undefined;
      awake.abort();
    }
  }

  [Symbol.dispose](): void {
    this.#leave();
  }
}
