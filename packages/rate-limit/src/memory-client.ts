import {
  AbortedError,
  type CallOptions,
  CommandFailedError,
  type KeyLike,
  type Listener,
  type Script,
  type ScriptArgs,
} from '@keyslot/cluster';
import { type Clock, systemClock } from '@keyslot/kernel';
import { type MemoryKey, runInMemory, unexpired } from './memory-scripts.ts';
import type { RateLimitClient } from './rate-limit-client.ts';

/** How a {@link MemoryRateLimitClient} is made. */
export interface MemoryRateLimitClientOptions {
  /** Where the time of the pretended server comes from, and that of the limiters that ask it. @default the system's clock */
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * Stands in for a `ClusterClient` where something with a limiter is tested without Redis. It decides by the models that
 * the scripts are tested against, so it decides the same. Limiters that share one share what was used, as those of several
 * processes do.
 *
 * Keys expire by its clock, and take memory until they are asked about again: meant for tests.
 *
 * @example
 * ```ts run
 * import { MemoryRateLimitClient, RateLimiter } from '@keyslot/rate-limit';
 *
 * let now = 0;
 * const client = new MemoryRateLimitClient({ clock: { now: () => now } });
 * const limiter = new RateLimiter({ client, name: 'api', limits: [{ limit: 1, per: '1s' }] });
 *
 * (await limiter.consume('user:42')).allowed; // => true
 * (await limiter.consume('user:42')).retryAfterMs; // => 1000
 * now += 1000;
 * (await limiter.consume('user:42')).allowed; // => true
 * ```
 */
export class MemoryRateLimitClient implements RateLimitClient {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #known = new Map<string, MemoryKey>();
  /** The pretended server's time, in milliseconds. */
  readonly now = (): number => this.#clock.now();

  readonly #listeners = new Map<string, Set<Listener>>();

  constructor({ clock = systemClock }: MemoryRateLimitClientOptions = {}) {
    this.#clock = clock;
  }

  /** @throws {CommandFailedError} for a script that is none of the limiter's own */
  async run<Keys extends string, Args extends ScriptArgs, Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Readonly<Record<Keys, KeyLike>>,
    args: Readonly<Args>,
    options?: CallOptions,
  ): Promise<Reply> {
    const { name } = script.source;
    refuseAborted(name, options);
    const [role] = script.source.keys;
    const text = role === undefined ? '' : textOf(keys[role]);
    const nowUs = Math.floor(this.#clock.now() * 1000);
    const { reply, key } = runInMemory(name, this.#known.get(text), nowUs, args);
    if (key === undefined) this.#known.delete(text);
    else this.#known.set(text, key);
    return script.parse(reply);
  }

  async delete(key: KeyLike, options?: CallOptions): Promise<'deleted' | 'absent'> {
    refuseAborted('DEL', options);
    const text = textOf(key);
    const held = unexpired(this.#known.get(text), Math.floor(this.#clock.now()));
    this.#known.delete(text);
    return held === undefined ? 'absent' : 'deleted';
  }

  /** @throws {CommandFailedError} for any command but those that limiters use */
  async call(
    name: string,
    args: readonly (string | Buffer | number)[],
    options?: CallOptions,
  ): Promise<unknown> {
    refuseAborted(name.toUpperCase(), options);
    const [key, id] = args.map(String);
    const leases = this.#known.get(key ?? '')?.value;
    if (name.toLowerCase() !== 'zrem')
      throw new CommandFailedError(name.toUpperCase(), 'ERR unknown command');
    return leases instanceof Map && leases.delete(id) ? 1 : 0;
  }

  async publish(channel: string, message: string | Buffer, options?: CallOptions): Promise<void> {
    refuseAborted('PUBLISH', options);
    for (const listener of this.#listeners.get(channel) ?? [])
      queueMicrotask(() => listener.onMessage(Buffer.from(message)));
  }

  subscribe(channel: string, listener: Listener): AsyncDisposable {
    const among = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, among.add(listener));
    queueMicrotask(() => listener.onStanding());
    return {
      [Symbol.asyncDispose]: async () => {
        among.delete(listener);
      },
    };
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
