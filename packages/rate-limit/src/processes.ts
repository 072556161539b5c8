import { randomUUID } from 'node:crypto';
import type { Listener } from '@keyslot/cluster';
import type { RateLimitClient } from './rate-limit-client.ts';

/** How often a process says that it lives, in milliseconds. */
const BEAT_MS = 2_000;

/** After how many beats that were missed it is taken for gone. */
const MISSED = 3;

/**
 * How many processes share a limiter, by what they tell each other on a channel: that they live, every two seconds, and
 * that they end.
 *
 * It matters when the cluster is away, and so is the channel then, perhaps. So nobody is taken for gone while nothing can be
 * heard: the number stays what it was last.
 */
export class Processes implements AsyncDisposable {
  readonly #client: RateLimitClient;
  readonly #channel: string;
  readonly #onError: (error: unknown) => void;
  readonly #now: () => number;
  readonly #beatMs: number;
  readonly #id = randomUUID();
  readonly #others = new Map<string, number>();
  readonly #subscription: AsyncDisposable;
  readonly #timer: NodeJS.Timeout;
  #beatenAt: number;
  #stands = false;
  #closed = false;

  constructor(
    client: RateLimitClient,
    name: string,
    onError: (error: unknown) => void,
    now: () => number,
    beatMs = BEAT_MS,
  ) {
    this.#client = client;
    this.#channel = `keyslot:rate-limit:${name}:processes`;
    this.#onError = onError;
    this.#now = now;
    this.#beatMs = beatMs;
    this.#beatenAt = now();
    const listener: Listener = {
      onMessage: (message) => this.#hear(message.toString()),
      onStanding: () => {
        this.#stands = true;
        this.#trustAll();
        this.#tell();
      },
      onDown: () => {
        this.#stands = false;
      },
    };
    this.#subscription = client.subscribe(this.#channel, listener);
    this.#timer = setInterval(() => this.#beat(), beatMs);
    this.#timer.unref();
  }

  /** This one and all others that live, as far as is known. */
  get count(): number {
    return 1 + this.#others.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#publish('-');
    await this.#subscription[Symbol.asyncDispose]();
  }

  #beat(): void {
    this.#tell();
    const now = this.#now();
    const stoodStill = now - this.#beatenAt > 2 * this.#beatMs;
    this.#beatenAt = now;
    if (stoodStill) this.#trustAll();
    if (!this.#stands) return;
    const since = now - MISSED * this.#beatMs;
    for (const [id, heardAt] of this.#others) if (heardAt < since) this.#others.delete(id);
  }

  #hear(message: string): void {
    const id = message.slice(1);
    if (id === this.#id || this.#closed) return;
    if (message.startsWith('-')) {
      this.#others.delete(id);
    } else if (/^\+[\da-f-]{36}$/.test(message)) {
      const isNew = !this.#others.has(id);
      this.#others.set(id, this.#now());
      // It has not heard of this one yet.
      if (isNew) this.#tell();
    }
  }

  /** Whoever was known may have said so while this one did not listen. */
  #trustAll(): void {
    for (const id of this.#others.keys()) this.#others.set(id, this.#now());
  }

  #tell(): void {
    if (!this.#closed) void this.#publish('+');
  }

  async #publish(what: '+' | '-'): Promise<void> {
    try {
      await this.#client.publish(this.#channel, what + this.#id);
    } catch (error) {
      this.#onError(error);
    }
  }
}
