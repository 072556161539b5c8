import { randomUUID } from 'node:crypto';
import type { CacheClient } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import { nameOf } from './error-name.ts';
import { type Message, messagesOf, parseMessage } from './message.ts';
import { tellProblem } from './telling.ts';

/** Who acts on what other processes say. */
export interface ChannelListener {
  onMessage(message: Message): void;

  /** Whether messages arrive from now on. What was said before a change is lost. */
  onStanding(stands: boolean): void;
}

/** How often a message is sent again when it could not be, each time by way of another node. */
const ATTEMPTS = 3;

/** Tells other processes what happened to keys, and hears it from them. */
export class InvalidationChannel {
  /** Who this process is to the others. */
  readonly self = randomUUID();
  readonly #client: CacheClient;
  readonly #name: string;
  readonly #subscription: AsyncDisposable;
  readonly #waiting: (() => void)[] = [];
  #standsSince: number | undefined;

  constructor(client: CacheClient, name: string, listener: ChannelListener) {
    this.#client = client;
    this.#name = name;
    this.#subscription = client.subscribe(name, {
      onMessage: (bytes) => {
        const message = parseMessage(bytes);
        if (message === undefined)
          tellProblem({ what: 'malformed-message', why: 'not of this version, or not ours' });
        else if (message.from !== this.self) listener.onMessage(message);
      },
      onStanding: () => {
        this.#standsSince = performance.now();
        listener.onStanding(true);
        for (const resolve of this.#waiting.splice(0)) resolve();
      },
      onDown: () => {
        this.#standsSince = undefined;
        listener.onStanding(false);
      },
    });
  }

  /** Resolves once messages arrive. */
  standing(): Promise<void> {
    if (this.#standsSince !== undefined) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** For how long messages have arrived. */
  standsForMs(): number {
    return this.#standsSince === undefined ? 0 : performance.now() - this.#standsSince;
  }

  /** Tells the others. A failure is reported; their copies end by themselves soon after. */
  async tell(kind: Message['kind'], keys: readonly ClusterKey[]): Promise<'announced' | 'not-announced'> {
    const texts = keys.map(({ text }) => text);
    const outcomes = await Promise.all(
      [...messagesOf(this.self, kind, texts)].map((message) => this.#publish(message)),
    );
    return outcomes.includes('not-announced') ? 'not-announced' : 'announced';
  }

  async #publish(message: string): Promise<'announced' | 'not-announced'> {
    let why = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        await this.#client.publish(this.#name, message);
        return 'announced';
      } catch (error) {
        why = nameOf(error);
      }
    }
    tellProblem({ what: 'not-announced', why });
    return 'not-announced';
  }

  async close(): Promise<void> {
    await this.#subscription[Symbol.asyncDispose]();
  }
}
