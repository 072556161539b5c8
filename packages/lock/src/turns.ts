import type { ShardSubscription } from '@keyslot/cluster';
import type { Clock } from '@keyslot/kernel';
import type { LockClient } from './lock-client.ts';
import type { LockKey } from './resource.ts';
import { tellProblem } from './telling.ts';
import { TOKEN_LENGTH } from './token.ts';

/** Why one who waits has stopped sleeping: it was called, or others were, its channel began or ceased to stand, or time is up. */
export type Awoken = 'called' | 'others' | 'channel' | 'time';

/** One who waits for its turn. Disposing of it gives its place in this process back. */
export interface Turn extends Disposable {
  /** Whether a call would arrive. */
  readonly stands: boolean;

  /**
   * Sleeps until there is a reason not to. What came since the last time is not lost. Rejects with a signal's reason.
   *
   * @param ends - what ends the waiting
   * @param listens - whether it is a reason that others were called
   */
  sleep(ms: number, ends: readonly AbortSignal[], listens: boolean): Promise<Awoken>;
}

interface Watch {
  readonly subscription: ShardSubscription;
  readonly waiters: Map<string, Waiter>;
}

/**
 * Calls those of this process who wait for a lock. Its key's name is also that of the shard channel on which the
 * scripts call those whose turn it is, by their tokens. It is subscribed to for as long as anybody here waits there.
 */
export class Turns implements AsyncDisposable {
  readonly #client: Pick<LockClient, 'subscribeShard'>;
  readonly #clock: Clock;
  readonly #watches = new Map<string, Watch>();

  constructor(client: Pick<LockClient, 'subscribeShard'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** A place for one who has asked and was refused. Where calls arrive already, one may have been missed: it sleeps not at all the first time. */
  expect(key: LockKey, token: string): Turn {
    const watch = this.#watches.get(key.text) ?? this.#watch(key);
    const waiter = new Waiter(watch?.subscription, this.#clock, () => {
      if (watch === undefined || !watch.waiters.delete(token) || watch.waiters.size > 0) return;
      if (this.#watches.get(key.text) === watch) this.#watches.delete(key.text);
      void watch.subscription[Symbol.asyncDispose]();
    });
    watch?.waiters.set(token, waiter);
    return waiter;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const watches = [...this.#watches.values()];
    this.#watches.clear();
    await Promise.all(watches.map(({ subscription }) => subscription[Symbol.asyncDispose]()));
  }

  #watch(key: LockKey): Watch | undefined {
    const waiters = new Map<string, Waiter>();
    const tellAll = () => {
      for (const waiter of waiters.values()) waiter.wake('channel');
    };
    let subscription: ShardSubscription;
    try {
      subscription = this.#client.subscribeShard(key.text, {
        onMessage: (message) => {
          const tokens = new Set<string>();
          for (let at = 0; at + TOKEN_LENGTH <= message.length; at += TOKEN_LENGTH)
            tokens.add(message.toString('latin1', at, at + TOKEN_LENGTH));
          for (const [token, waiter] of waiters) {
            if (tokens.has(token)) waiter.wake('called');
            else waiter.overhear();
          }
        },
        onStanding: tellAll,
        onDown: tellAll,
      });
    } catch (error) {
      // The client is closed, as the next look at the cluster says too.
      tellProblem('not-heard', key.template, error);
      return undefined;
    }
    const watch = { subscription, waiters };
    this.#watches.set(key.text, watch);
    return watch;
  }
}

class Waiter implements Turn {
  readonly #subscription: ShardSubscription | undefined;
  readonly #clock: Clock;
  readonly #leave: () => void;
  #missed: Awoken | undefined;
  #listens = false;
  #wake: ((why: Awoken) => void) | undefined;

  constructor(subscription: ShardSubscription | undefined, clock: Clock, leave: () => void) {
    this.#subscription = subscription;
    this.#clock = clock;
    this.#leave = leave;
    if (this.stands) this.#missed = 'channel';
  }

  get stands(): boolean {
    return this.#subscription?.stands === true;
  }

  wake(why: Awoken): void {
    if (this.#wake !== undefined) this.#wake(why);
    else if (this.#missed !== 'called') this.#missed = why;
  }

  /** Others were called. While this one looks, what it is told may be older than that. */
  overhear(): void {
    if (this.#wake === undefined) this.#missed ??= 'others';
    else if (this.#listens) this.#wake('others');
  }

  async sleep(ms: number, ends: readonly AbortSignal[], listens: boolean): Promise<Awoken> {
    for (const end of ends) end.throwIfAborted();
    const missed = this.#missed;
    this.#missed = undefined;
    if (missed !== undefined && (listens || missed !== 'others')) return missed;
    this.#listens = listens;
    const awake = new AbortController();
    const wake = () => awake.abort();
    // By hand: a signal that lives as long as the locks would keep something of each `AbortSignal.any` of it.
    for (const end of ends) end.addEventListener('abort', wake, { once: true });
    const called = new Promise<Awoken>((resolve) => {
      this.#wake = resolve;
    });
    const time = this.#clock.sleep(ms, awake.signal).then(
      () => 'time' as const,
      // It was ended: by a signal, as is looked at below, or because there is nothing to wait for any more.
      () => 'time' as const,
    );
    try {
      const awoken = await Promise.race([called, time]);
      for (const end of ends) end.throwIfAborted();
      return awoken;
    } finally {
      this.#wake = undefined;
      for (const end of ends) end.removeEventListener('abort', wake);
      awake.abort();
    }
  }

  [Symbol.dispose](): void {
    this.#leave();
  }
}
