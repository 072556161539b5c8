import {
  AbortedError,
  type CallOptions,
  type KeyLike,
  type Listener,
  type Script,
  type ScriptArgs,
  type ShardSubscription,
} from '@keyslot/cluster';
import { type Clock, systemClock } from '@keyslot/kernel';
import type { LockClient } from './lock-client.ts';
import { MemoryListeners } from './memory-listeners.ts';
import { scriptBody } from './memory-scripts.ts';
import { MemoryStates } from './memory-state.ts';

/** How a {@link MemoryLockClient} is made. */
export interface MemoryLockClientOptions {
  /** Where its time comes from. @default the system's clock */
  readonly clock?: Clock;
}

/**
 * Stands in for a `ClusterClient` where locks are tested without Redis. `Locks` that share one exclude each other, as
 * those of several processes do. It is a single shard that is always there and forgets nothing.
 */
export class MemoryLockClient implements LockClient {
  /** What it was given; `undefined` for the system's. */
  readonly clock: Clock | undefined;
  readonly #states: MemoryStates;
  readonly #listeners = new MemoryListeners();

  constructor({ clock }: MemoryLockClientOptions = {}) {
    this.clock = clock;
    this.#states = new MemoryStates(clock ?? systemClock);
  }

  /** How many resources it remembers: those that are held or waited for, or were until a short while ago. */
  get size(): number {
    return this.#states.size;
  }

  /** @throws {CommandFailedError} for a script that is none of the locks' own */
  async run<Keys extends string, Args extends ScriptArgs, Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Readonly<Record<Keys, KeyLike>>,
    args: Readonly<Args>,
    options?: CallOptions,
  ): Promise<Reply> {
    const { source } = script;
    if (options?.signal?.aborted === true)
      throw new AbortedError(source.name, 'no', { cause: options.signal.reason });
    const texts = Object.fromEntries(source.keys.map((role) => [role, textOf(keys[role])]));
    const shard = {
      states: this.#states,
      publish: (channel: string, message: string) => this.#listeners.publish(channel, message),
    };
    return script.parse(scriptBody(source.name)(shard, texts, args));
  }

  subscribeShard(channel: string, listener: Listener): ShardSubscription {
    return this.#listeners.subscribe(channel, listener);
  }

  /** Never told: there is nobody else who could own a slot. */
  onOwnerChange(): () => void {
    return () => {};
  }
}

function textOf(key: KeyLike): string {
  return typeof key === 'string' ? key : key.text;
}
