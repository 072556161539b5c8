import type { Redis } from 'ioredis';
import { tellSubscription } from './channels.ts';
import { addressOf } from './guards.ts';

/** Who is told what arrives on a channel. */
export interface Listener {
  /** A message. Its bytes come from outside and may be anything. */
  onMessage(message: Buffer): void;

  /** From now on messages arrive. What was sent before is lost. */
  onStanding(): void;

  /** Messages may be lost from now on, or have been for as long as a ping takes to be missed. */
  onDown(): void;
}

/** How often a connection is asked whether it is alive, and how long it may take to say so, in milliseconds. */
const PING_EVERY_MS = 250;
const PING_LIMIT_MS = 750;

/** How long after a failure the next connection is tried, in milliseconds, before jitter. */
const RETRY_MS = 50;

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
      this.#retry();
      return;
    }
    const connection = node.duplicate({
      lazyConnect: true,
      readOnly: false,
      enableReadyCheck: false,
      retryStrategy: () => null,
      autoResubscribe: false,
      enableOfflineQueue: true,
      disconnectTimeout: 100,
      connectionName: 'keyslot-subscriber',
    });
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
    const late = setTimeout(() => this.#failed(connection, 'no answer to SUBSCRIBE'), PING_LIMIT_MS);
    try {
      await connection.subscribe(this.#channel);
    } finally {
      clearTimeout(late);
    }
    if (this.#connection !== connection) return;
    this.#stands = true;
    tellSubscription({ state: 'standing' });
    this.#listener.onStanding();
    this.#ping(connection);
  }

  #ping(connection: Redis): void {
    const late = setTimeout(() => this.#failed(connection, 'no answer to PING'), PING_LIMIT_MS);
    connection.ping().then(
      () => {
        clearTimeout(late);
        if (this.#connection === connection)
          this.#timer = setTimeout(() => this.#ping(connection), PING_EVERY_MS);
      },
      (error: Error) => {
        clearTimeout(late);
        this.#failed(connection, error.message);
      },
    );
  }

  #failed(connection: Redis, why: string): void {
    if (this.#connection !== connection) return;
    this.#failedAt = addressOf(connection);
    this.#drop(why);
    this.#retry();
  }

  #drop(why: string): void {
    const connection = this.#connection;
    this.#connection = undefined;
    clearTimeout(this.#timer);
    connection?.disconnect();
    if (!this.#stands) return;
    this.#stands = false;
    tellSubscription({ state: 'down', why });
    this.#listener.onDown();
  }

  #retry(): void {
    if (!this.#closed) this.#timer = setTimeout(() => this.#connect(), RETRY_MS * (0.5 + Math.random()));
  }
}
