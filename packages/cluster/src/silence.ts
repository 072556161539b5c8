import type { Redis } from 'ioredis';

/** How often it is looked whether a node was heard, in milliseconds. */
const LOOK_EVERY_MS = 50;

/**
 * For how long a node has said nothing at all, though something was due.
 *
 * It is counted in looks, not read off a clock: while this process is too busy to listen there are no looks, and a
 * node is not silent for that. Bytes count whatever they are, also an answer that comes too late for its call.
 * Looking costs a timer per node that something is due from, and nothing per call.
 */
export class Silence {
  readonly #isDue: () => boolean;
  readonly #onLook: () => void;
  readonly #hears = () => void this.#heard++;
  #heard = 0;
  #heardAtLook = 0;
  #looks = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param isDue - whether anything is due from the node
   * @param onLook - told after each look at which the node was silent
   */
  constructor(isDue: () => boolean, onLook: () => void) {
    this.#isDue = isDue;
    this.#onLook = onLook;
  }

  /** How often the node was heard. */
  get heard(): number {
    return this.#heard;
  }

  /** For how long the node has been silent at least, in milliseconds. */
  get ms(): number {
    return this.#looks * LOOK_EVERY_MS;
  }

  /** From now on it is this connection that bytes come from. */
  listenTo(node: Redis): void {
    // Before ioredis's own listener: what is sent in answer to an answer is due after it.
    const listen = () => void node.stream.prependListener('data', this.#hears);
    if (node.status === 'connect' || node.status === 'ready') listen();
    node.on('connect', listen);
  }

  /** Something is due from now on. */
  watch(): void {
    if (this.#timer !== undefined) return;
    this.#heardAtLook = this.#heard;
    this.#looks = 0;
    this.#lookLater();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = undefined;
    if (!this.#isDue()) return;
    this.#lookLater();
    this.#looks = this.#heardAtLook === this.#heard ? this.#looks + 1 : 0;
    this.#heardAtLook = this.#heard;
    if (this.#looks > 0) this.#onLook();
  }
}
