import {
  AbortedError,
  type Argument,
  type BatchCommand,
  type CallOptions,
  type CommandOptions,
  type CommandOutcome,
  type KeyLike,
  type Listener,
  type Script,
  type ScriptArgs,
  type ShardSubscription,
} from '@keyslot/cluster';
import { type Clock, systemClock } from '@keyslot/kernel';
import type { CacheClient } from './cache-client.ts';
import { MemoryChannels } from './memory-channels.ts';
import { execute, type Reply } from './memory-commands.ts';
import { scriptBody } from './memory-scripts.ts';
import { MemoryStore } from './memory-store.ts';

/** How a {@link MemoryClient} is made. */
export interface MemoryClientOptions {
  /** Where time comes from. Give it, and the caches on the client, the same. @default the system's clock */
  readonly clock?: Clock;
}

/**
 * Stands in for a `ClusterClient` where a cache is tested without Redis. Caches that share one see each other's values,
 * leases and messages, as those of several processes do. It is a single shard that is always there and never full.
 *
 * Commands take effect in the order of the calls, and a message has arrived before its `publish` is answered. It grows
 * for as long as keys are added, and frees what has expired when it is asked for: meant for tests, not as a cache.
 */
export class MemoryClient implements CacheClient {
  /** Where its time comes from. */
  readonly clock: Clock;

  /** Nobody's memory: no values. */
  readonly memory$: CacheClient['memory$'] = { subscribe: () => ({ unsubscribe: () => {} }) };
  readonly #store: MemoryStore;
  readonly #channels = new MemoryChannels();
  readonly #shardChannels = new MemoryChannels();

  constructor({ clock = systemClock }: MemoryClientOptions = {}) {
    this.clock = clock;
    this.#store = new MemoryStore(clock);
  }

  async ready(): Promise<void> {}

  async getBuffer(key: KeyLike, options?: CallOptions): Promise<Buffer | null> {
    refuseAborted('GET', options);
    return this.#store.get(textOf(key));
  }

  async delete(key: KeyLike, options?: CallOptions): Promise<'deleted' | 'absent'> {
    refuseAborted('DEL', options);
    return this.#store.delete(textOf(key)) ? 'deleted' : 'absent';
  }

  /** @throws {CommandFailedError} for a command, or an option of SET, that no cache uses */
  async call(name: string, args: readonly Argument[], options?: CommandOptions): Promise<unknown> {
    refuseAborted(name.toUpperCase(), options);
    const reply = execute(this.#store, name, args.map(bytesOf));
    return options?.buffers === true ? reply : asText(reply);
  }

  batch(commands: readonly BatchCommand[], options?: CommandOptions): Promise<CommandOutcome[]> {
    return Promise.all(
      commands.map(([name, ...args]) =>
        this.call(name, args, options).then(
          (value): CommandOutcome => ({ outcome: 'answered', value }),
          (error: Error): CommandOutcome => ({ outcome: 'failed', error }),
        ),
      ),
    );
  }

  /** @throws {CommandFailedError} for a script that is none of the cache's own */
  async run<Keys extends string, Args extends ScriptArgs, Answer>(
    script: Script<Keys, Args, Answer>,
    keys: Readonly<Record<Keys, KeyLike>>,
    args: Readonly<Args>,
    options?: CallOptions,
  ): Promise<Answer> {
    const { name, keys: roles, args: names } = script.source;
    refuseAborted(name, options);
    const reply = scriptBody(name)(
      { store: this.#store, channels: this.#shardChannels },
      Object.fromEntries(roles.map((role) => [role, textOf(keys[role])])),
      Object.fromEntries(names.map((each) => [each, bytesOf(args[each])])),
    );
    return script.parse(reply);
  }

  async publish(channel: string, message: string | Buffer, options?: CallOptions): Promise<void> {
    refuseAborted('PUBLISH', options);
    this.#channels.publish(channel, bytesOf(message));
  }

  subscribe(channel: string, listener: Listener): ShardSubscription {
    return this.#channels.subscribe(channel, listener);
  }

  subscribeShard(channel: string, listener: Listener): ShardSubscription {
    return this.#shardChannels.subscribe(channel, listener);
  }

  /** Never told: there is nobody else who could own a slot. */
  onOwnerChange(): () => void {
    return () => {};
  }

  /** Nothing is known, so nothing is held back. */
  memoryOf(): undefined {
    return undefined;
  }

  slotOwner(): undefined {
    return undefined;
  }
}

/** @throws {AbortedError} */
function refuseAborted(command: string, options: CallOptions | undefined): void {
  if (options?.signal?.aborted !== true) return;
  throw new AbortedError(command, 'no', { cause: options.signal.reason });
}

function textOf(key: KeyLike): string {
  return typeof key === 'string' ? key : key.text;
}

function bytesOf(argument: Argument): Buffer {
  return Buffer.isBuffer(argument) ? argument : Buffer.from(String(argument));
}

function asText(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString();
  return Array.isArray(reply) ? reply.map(asText) : reply;
}
