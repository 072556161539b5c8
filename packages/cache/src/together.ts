import type { Key } from '@keyslot/keys';
import { WrongBatchError } from './errors.ts';
import type { LoadContext } from './load-context.ts';
import type { Loader } from './loads.ts';
import type { Part } from './request.ts';

/**
 * Gets the values of many keys at once. It is given those that nobody has, once for most batches, and answers an array with a
 * value for each of them, in their order; `null` for what does not exist.
 */
export type BatchLoader<Value> = (
  keys: readonly Key<Value>[],
  load: Pick<LoadContext<Value>, 'signal'>,
) => Promise<readonly Value[]> | readonly Value[];

/** A key whose value is to be loaded with others. */
interface Asked<Value> {
  readonly key: Key<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls a batch's loader when it is its turn. */
type RunBatch<Value> = (
  keys: readonly Key<Value>[],
  load: (signal: AbortSignal) => Promise<readonly Value[]>,
) => Promise<readonly Value[]>;

/**
 * Lets keys that are read each by itself share one load. The load begins when it is known of every key whether it
 * needs it: it was found, somebody else provides it, or its own loader was called. Whoever comes later, because that
 * somebody did not, is loaded with those who come at the same time.
 *
 * Keys whose stale value was answered, and that are loaded anew behind it, share a load of their own: who waits for the
 * others must not wait for them, nor fail with them.
 */
export class Together<Value> {
  readonly #load: BatchLoader<Value>;
  readonly #run: RunBatch<Value>;
  readonly #undecided = new Set<Key<Value>>();
  readonly #asked = new Gathered<Value>((asked) => this.#flush(asked));
  readonly #askedBehind = new Gathered<Value>((asked) => this.#flush(asked));

  constructor(keys: readonly Key<Value>[], load: BatchLoader<Value>, run: RunBatch<Value>) {
    this.#load = load;
    this.#run = run;
    for (const key of keys) this.#undecided.add(key);
  }

  /** The loader of one key. */
  loaderOf(key: Key<Value>): Loader<Value> {
    return () => {
      const value = this.#asked.add(key);
      this.decided(key);
      return value;
    };
  }

  partOf(key: Key<Value>): Part<Value> {
    return {
      onOthers: () => this.decided(key),
      loaderBehind: () => {
        const value = this.#askedBehind.add(key);
        this.#askedBehind.flushSoon();
        return value;
      },
    };
  }

  /** It is known of this key whether it needs the load. */
  decided(key: Key<Value>): void {
    this.#undecided.delete(key);
    if (this.#undecided.size === 0) this.#asked.flushSoon();
  }

  async #flush(asked: readonly Asked<Value>[]): Promise<void> {
    const keys = asked.map(({ key }) => key);
    try {
      const values = await this.#run(keys, async (signal) => this.#load(keys, { signal }));
      const isRight = Array.isArray(values) && values.length === keys.length;
      if (!isRight) {
        throw new WrongBatchError(
          Array.isArray(values) ? `${values.length} values` : typeof values,
          keys.length,
        );
      }
      asked.forEach(({ resolve }, i) => resolve(values[i] as Value));
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }
}

/** Keys that are to be loaded with each other. */
class Gathered<Value> {
  readonly #flush: (asked: readonly Asked<Value>[]) => Promise<void>;
  #asked: Asked<Value>[] = [];
  #isDue = false;

  /** @param flush - loads them. Never rejects. */
  constructor(flush: (asked: readonly Asked<Value>[]) => Promise<void>) {
    this.#flush = flush;
  }

  add(key: Key<Value>): Promise<Value> {
    return new Promise((resolve, reject) => void this.#asked.push({ key, resolve, reject }));
  }

  flushSoon(): void {
    if (this.#asked.length === 0 || this.#isDue) return;
    this.#isDue = true;
    // Those whose answers came in the same packet have their turn first.
    setImmediate(() => {
      this.#isDue = false;
      void this.#flush(this.#asked.splice(0));
    });
  }
}
