import { AsyncLocalStorage } from 'node:async_hooks';
import { LoaderOverloadedError, type LoadersAllowed } from './errors.ts';

/** Whose turn the code that runs now is part of. One for all limits: a loader of one cache may ask another cache. */
const turns = new AsyncLocalStorage<Turn>();

/**
 * Lets so many loaders run at once and so many more wait, first come, first served; who comes then is refused.
 *
 * ```
 *   run ── place free ─────────────────▶ loader ── returns or throws ──▶ the place goes to
 *     │                                   ▲  │                            1. who wants it back
 *     ├── queue not full ─▶ wait ─ turn ──┘  │ asks a cache, and waits     2. who waits longest
 *     │                      └─ aborted ▶ ✗  ▼
 *     └── queue full ─▶ LoaderOverloadedError  lends its place, and gets it back before it goes on
 * ```
 *
 * A loader that asks a cache itself would else hold a place while it waits for one, and so would all others: as many as
 * may run, and none of them ever ends.
 */
export class LoaderLimit {
  readonly #allowed: LoadersAllowed;
  readonly #queue = new Set<() => void>();
  readonly #returning: (() => void)[] = [];
  /** Stays where it is while the queue changes, so that finding the first costs the same however many have left. */
  readonly #first = this.#queue.values();
  #running = 0;

  constructor(allowed: LoadersAllowed) {
    this.#allowed = allowed;
  }

  /** How many loaders run now, those that wait for a cache not counted. */
  get running(): number {
    return this.#running;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Calls `load` when it is its turn, in the caller's own asynchronous context, and settles as it does.
   *
   * @param signal - when aborted, `load` is not called any more; rejects with its reason if it was not yet
   * @throws {LoaderOverloadedError} at once, when too many wait already
   */
  run<T>(template: string, load: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const outer = turns.getStore();
    if (outer === undefined) return this.#run(template, load, signal);
    return outer.lendDuring(() => this.#run(template, load, signal));
  }

  #run<T>(template: string, load: () => Promise<T> | T, signal: AbortSignal | undefined): Promise<T> {
    if (this.#running < this.#allowed.concurrency) {
      this.#running++;
      return this.#load(load);
    }
    if (this.#queue.size < this.#allowed.queue) return this.#loadLater(load, signal);
    return Promise.reject(new LoaderOverloadedError(template, this.#allowed));
  }

  /** Has a place, and gives it back. */
  async #load<T>(load: () => Promise<T> | T): Promise<T> {
    const turn = new Turn(this);
    try {
      return await turns.run(turn, load);
    } finally {
      turn.end();
    }
  }

  async #loadLater<T>(load: () => Promise<T> | T, signal: AbortSignal | undefined): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queue.add(resolve);
    const leave = () => {
      if (this.#queue.delete(resolve)) reject(signal?.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
    if (signal?.aborted !== true) return this.#load(load);
    this.giveBack();
    throw signal.reason;
  }

  /** A place has become free. It is handed on directly, so that nobody who comes now overtakes those who wait. */
  giveBack(): void {
    const next = this.#returning.shift() ?? this.#takeFirst();
    if (next === undefined) this.#running--;
    else next();
  }

  /** A place for a loader that had one before. Never refused. */
  async takeBack(): Promise<void> {
    if (this.#running < this.#allowed.concurrency) {
      this.#running++;
      return;
    }
    await new Promise<void>((resolve) => void this.#returning.push(resolve));
  }

  #takeFirst(): (() => void) | undefined {
    // Asked at its end it would end for ever. Whom it has passed has left the queue, so there is one it has not.
    if (this.#queue.size === 0) return undefined;
    const { value } = this.#first.next();
    if (value !== undefined) this.#queue.delete(value);
    return value;
  }
}

/** What one loader has of its limit's places, from its call to its end. */
class Turn {
  readonly #limit: LoaderLimit;
  #hasPlace = true;
  #waits = 0;
  #comingBack: Promise<void> | undefined;

  /** Work that outlives the loader keeps its context, and has no place to lend. */
  #isOver = false;

  constructor(limit: LoaderLimit) {
    this.#limit = limit;
  }

  async lendDuring<T>(wait: () => Promise<T>): Promise<T> {
    this.#waits++;
    if (this.#hasPlace) {
      this.#hasPlace = false;
      this.#limit.giveBack();
    }
    try {
      return await wait();
    } finally {
      this.#waits--;
      if (this.#waits === 0 && !this.#isOver) {
        // One for all that wait for it: with two they would need two places, and the loader has only one to give.
        this.#comingBack ??= this.#takeBack();
        await this.#comingBack;
      }
    }
  }

  async #takeBack(): Promise<void> {
    await this.#limit.takeBack();
    this.#comingBack = undefined;
    // Meanwhile the loader may have ended, or asked again.
    if (this.#isOver || this.#waits > 0) this.#limit.giveBack();
    else this.#hasPlace = true;
  }

  end(): void {
    this.#isOver = true;
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    this.#limit.giveBack();
  }
}

/** Does something that nobody waits for, outside of whatever loader asked for it: its place is not lent for that. */
export function outOfTurn<T>(work: () => T): T {
  return turns.exit(work);
}

/**
 * Waits for something that may need another loader to end: whoever is in a loader lends its place for so long. To be put
 * around what may join somebody else's load; {@link LoaderLimit.run} does it by itself.
 */
export function lendingTurn<T>(wait: () => Promise<T>): Promise<T> {
  const turn = turns.getStore();
  return turn === undefined ? wait() : turn.lendDuring(wait);
}
