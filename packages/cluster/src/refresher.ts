/** The least time between two questions about the topology, in milliseconds: each opens a connection. */
const LEAST_MS = 125;

/** The most time between two of them, in milliseconds, before jitter: a frozen node gives no other sign. */
const MOST_MS = 2_000;

/**
 * Asks for the topology now and then, and soon when something went wrong.
 *
 * ioredis has an interval of its own, but goes on with it for ever when it is disconnected during a refresh.
 */
export class Refresher {
  readonly #ask: () => void;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #askedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** Asks now, or as soon as the last question is old enough. */
  soon(): void {
    if (this.#closed) return;
    const now = performance.now();
    const dueAt = Math.max(now, this.#askedAt + LEAST_MS);
    if (dueAt >= this.#dueAt) return;
    if (dueAt > now) this.#schedule(dueAt - now);
    else this.#askNow();
  }

  /** The topology is known as of now: the next question has time. */
  rest(): void {
    if (this.#closed) return;
    // Jitter, so that the processes of a fleet do not ask in step.
    this.#schedule(MOST_MS * (0.75 + Math.random() / 2));
    // An idle client does not keep the process; its connections do.
    this.#timer?.unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(inMs: number): void {
    clearTimeout(this.#timer);
    this.#dueAt = performance.now() + inMs;
    this.#timer = setTimeout(() => this.#askNow(), inMs);
  }

  #askNow(): void {
    this.#askedAt = performance.now();
    this.rest();
    this.#ask();
  }
}
