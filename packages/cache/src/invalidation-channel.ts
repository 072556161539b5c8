import { randomUUID } from 'node:crypto';
import type { CacheClient } from './cache-client.ts';
import type { ClusterKey } from './cluster-key.ts';
import { nameOf } from './error-name.ts';
import { CacheClosedError } from './errors.ts';
import { type Message, messagesOf, parseMessage } from './message.ts';
import { within } from './patience.ts';
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
  readonly #waiting = new Set<PromiseWithResolvers<void>>();
  #closed = false;
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
        for (const waiting of this.#waiting) waiting.resolve();
      },
      onDown: () => {
        this.#standsSince = undefined;
        listener.onStanding(false);
      },
    });
  }

  /**
   * Whether messages arrive, within a time.
   *
   * @throws {CacheClosedError} when it is closed before.
   */
  async standing(withinMs: number): Promise<boolean> {
    if (this.#closed) throw new CacheClosedError();
    if (this.#standsSince !== undefined) return true;
    const waiting = Promise.withResolvers<void>();
    this.#waiting.add(waiting);
    try {
      return (await within(withinMs, waiting.promise)) !== 'late';
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  /** For how long messages have arrived. */
  standsForMs(): number {
    return this.#standsSince === undefined ? 0 : performance.now() - this.#standsSince;
  }

  /** Tells the others. A failure is reported; their copies end by themselves soon after. */
  async tell(
    kind: Message['kind'],
    keys: readonly ClusterKey[],
    proofs?: readonly string[],
  ): Promise<'announced' | 'not-announced'> {
    const told = { from: this.self, kind, keys: keys.map(({ text }) => text), ...(proofs && { proofs }) };
    const outcomes = await Promise.all([...messagesOf(told)].map((message) => this.#publish(message)));
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
    this.#closed = true;
    for (const waiting of this.#waiting) waiting.reject(new CacheClosedError());
    await this.#subscription[Symbol.asyncDispose]();
  }
}
