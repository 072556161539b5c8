import { LoaderOverloadedError, type LoadersAllowed } from './errors.ts';
import { type Loading, type Places, Turn, turnNow } from './turns.ts';

/** How one loader waits for its turn, and what it is for. */
export interface Turning {
  /** When aborted, the loader is not called any more; rejects with its reason if it was not yet. */
  readonly signal?: AbortSignal;

  /** How long it waits at the most, in milliseconds, before it is refused. */
  readonly waitMs?: number;

  readonly loading?: Loading;
}

/**
 * Lets so many loaders run at once and so many more wait, first come, first served; who comes then is refused.
 *
 * ```
 *   run ── place free ─────────────────▶ loader ── returns or throws ──▶ the place goes to
 *     │                                   ▲  │                            1. who wants it back
 *     ├── queue not full ─▶ wait ─ turn ──┘  │ asks a cache, and waits     2. who waits longest
 *     │                      ├─ aborted ▶ ✗  ▼
 *     │                      └─ too long ▶ LoaderOverloadedError
 *     └── queue full ─▶ LoaderOverloadedError  lends its place, and gets it back before it goes on
 * ```
 *
 * A loader that asks a cache itself would else hold a place while it waits for one, and so would all others: as many as
 * may run, and none of them ever ends. Nobody can tell what a loader does beside waiting, so what it does then has no place. But
 * those that have begun count among those who wait: beside what they ask for themselves there are never more than may run and
 * wait together.
 */
export class LoaderLimit implements Places {
  readonly #allowed: LoadersAllowed;
  readonly #queue = new Set<() => void>();
  readonly #returning: (() => void)[] = [];
  /** Stays where it is while the queue changes, so that finding the first costs the same however many have left. */
  readonly #first = this.#queue.values();
  #running = 0;
  #lent = 0;

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

  /** How many have begun, and wait for a cache or to have their place back. */
  get lent(): number {
    return this.#lent;
  }

  /**
   * Calls `load` when it is its turn, in the caller's own asynchronous context, and settles as it does.
   *
   * @throws {LoaderOverloadedError} at once, when too many wait already, or after it has waited for `waitMs`
   */
  run<T>(template: string, load: (turn: Turn) => Promise<T> | T, how: Turning = {}): Promise<T> {
    if (how.signal?.aborted === true) return Promise.reject(how.signal.reason);
    const outer = turnNow();
    if (outer !== undefined) return outer.lendDuring(() => this.#run(template, load, how));
    // A loader that has lent its place is not refused what it waits for, and else there is no end to those who begin.
    const { concurrency, queue } = this.#allowed;
    const isFull = this.#running + this.#lent + this.#queue.size >= concurrency + queue;
    return isFull ? this.#refuse(template) : this.#run(template, load, how);
  }

  #run<T>(template: string, load: (turn: Turn) => Promise<T> | T, how: Turning): Promise<T> {
    if (this.#running < this.#allowed.concurrency) {
      this.#running++;
      return new Turn(this, how.loading).spend(load);
    }
    if (this.#queue.size < this.#allowed.queue) return this.#loadLater(template, load, how);
    return this.#refuse(template);
  }

  #refuse(template: string): Promise<never> {
    return Promise.reject(new LoaderOverloadedError(template, this.#allowed));
  }

  async #loadLater<T>(
    template: string,
    load: (turn: Turn) => Promise<T> | T,
    { signal, waitMs, loading }: Turning,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queue.add(resolve);
    const leave = (reason: unknown) => {
      if (this.#queue.delete(resolve)) reject(reason);
    };
    const abandon = () => leave(signal?.reason);
    signal?.addEventListener('abort', abandon, { once: true });
    const giveUp = () => leave(new LoaderOverloadedError(template, this.#allowed, waitMs));
    const timer = waitMs === undefined ? undefined : setTimeout(giveUp, waitMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abandon);
    }
    if (signal?.aborted !== true) return new Turn(this, loading).spend(load);
    this.giveBack();
    throw signal.reason;
  }

  /** A place has become free. It is handed on directly, so that nobody who comes now overtakes those who wait. */
  giveBack(): void {
    const next = this.#returning.shift() ?? this.#takeFirst();
    if (next === undefined) this.#running--;
    else next();
  }

  lend(): void {
    this.#lent++;
    this.giveBack();
  }

  async takeBack(): Promise<void> {
    if (this.#running < this.#allowed.concurrency) this.#running++;
    else await new Promise<void>((resolve) => void this.#returning.push(resolve));
    this.#lent--;
  }

  forgo(): void {
    this.#lent--;
  }

  #takeFirst(): (() => void) | undefined {
    // Asked at its end it would end for ever. Whom it has passed has left the queue, so there is one it has not.
    if (this.#queue.size === 0) return undefined;
    const { value } = this.#first.next();
    if (value !== undefined) this.#queue.delete(value);
    return value;
  }
}
