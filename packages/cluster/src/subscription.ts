import type { Redis } from 'ioredis';
import { tellSubscription } from './channels.ts';
import { addressOf } from './guards.ts';
import { listeningLike, PING_EVERY_MS, PING_LIMIT_MS } from './listening.ts';
import { ping } from './ping.ts';
import { tellListener } from './tell-listener.ts';
import { answerWithin } from './within.ts';

/** Who is told what arrives on a channel. */
export interface Listener {
  /** A message. Its bytes come from outside and may be anything. */
  onMessage(message: Buffer): void;

  /** From now on messages arrive. What was sent before is lost. */
  onStanding(): void;

  /** Messages may be lost from now on, or have been for as long as a ping takes to be missed. */
  onDown(): void;
}

/**
 * How long after a failure the next connection is tried, in milliseconds, before jitter: at first, and at most after
 * several in a row. It may be refused for good, because the user may not hear the channel.
 */
const RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;

/**
 * A subscription on a connection of its own.
 *
 * ioredis subscribes again by itself but does not notice a node that is frozen. Here every connection is
 * pinged, given up when it does not answer in time, and replaced by one to a node that does.
 */
export class Subscription implements AsyncDisposable {
  readonly #channel: string;
  readonly #listener: Listener;
  readonly #anyNode: (but: string | undefined) => Redis | undefined;
  readonly #onClosed: () => void;
  #connection: Redis | undefined;
  #failedAt: string | undefined;
  #failures = 0;
  #stands = false;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param anyNode - a node to connect to, another one than that at the address, if possible */
  constructor(
    channel: string,
    listener: Listener,
    anyNode: (but: string | undefined) => Redis | undefined,
    onClosed: () => void,
  ) {
    this.#channel = channel;
    this.#listener = listener;
    this.#anyNode = anyNode;
    this.#onClosed = onClosed;
    this.#connect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#drop('closed');
    this.#onClosed();
  }

  #connect(): void {
    if (this.#closed) return;
    const node = this.#anyNode(this.#failedAt);
    if (node === undefined) {
      // Looking costs nothing.
      this.#retry(RETRY_MS);
      return;
    }
    const connection = listeningLike(node, { connectionName: 'keyslot-subscriber' });
    this.#connection = connection;
    // The `end` that follows says what to do; the error only says why.
    connection.on('error', (error) => tellSubscription({ state: 'down', why: error.message }));
    connection.once('end', () => this.#failed(connection, 'the connection ended'));
    connection.on('messageBuffer', (_: Buffer, message: Buffer) => {
      // What still arrives on a connection that was given up comes after `onDown`.
      if (this.#connection === connection) this.#listener.onMessage(message);
    });
    this.#subscribe(connection).catch((error: Error) => this.#failed(connection, error.message));
  }

  async #subscribe(connection: Redis): Promise<void> {
    await answerWithin(connection.subscribe(this.#channel), 'SUBSCRIBE', PING_LIMIT_MS);
    if (this.#connection !== connection) return;
    this.#stands = true;
    tellSubscription({ state: 'standing' });
    this.#ping(connection);
    tellListener(() => this.#listener.onStanding());
  }

  #ping(connection: Redis): void {
    ping(connection, PING_LIMIT_MS).then(
      () => {
        this.#failures = 0;
        if (this.#connection === connection)
          this.#timer = setTimeout(() => this.#ping(connection), PING_EVERY_MS);
      },
      (error: Error) => this.#failed(connection, error.message),
    );
  }

  #failed(connection: Redis, why: string): void {
    if (this.#connection !== connection) return;
    this.#failedAt = addressOf(connection);
    this.#drop(why);
    this.#retry(Math.min(RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS));
    this.#failures++;
  }

  #drop(why: string): void {
    const connection = this.#connection;
    this.#connection = undefined;
    clearTimeout(this.#timer);
    connection?.disconnect();
    if (!this.#stands) return;
    this.#stands = false;
    tellSubscription({ state: 'down', why });
    tellListener(() => this.#listener.onDown());
  }

  #retry(inMs: number): void {
    if (!this.#closed) this.#timer = setTimeout(() => this.#connect(), inMs * (0.5 + Math.random()));
  }
}
