import { type Call, orderKeysOf } from './call.ts';

/**
 * The writes that have not ended, by key. Looked up only when one of them failed, so they are not kept by key, which
 * every write would pay for: they are put in order when somebody asks, once in a turn of the event loop.
 */
export class WritesUnderWay implements Iterable<Call> {
  readonly #calls: () => Iterable<Call>;
  #byKey: Map<string, Call[]> | undefined;

  /** @param calls - all that have not ended */
  constructor(calls: () => Iterable<Call>) {
    this.#calls = calls;
  }

  [Symbol.iterator](): Iterator<Call> {
    return this.#calls()[Symbol.iterator]();
  }

  /** Those of a key, as of this turn or its beginning. Some may have ended since. */
  of(key: string): readonly Call[] {
    this.#byKey ??= this.#index();
    return (this.#byKey.get(key) ?? []).filter(({ settled }) => !settled);
  }

  #index(): Map<string, Call[]> {
    const byKey = new Map<string, Call[]>();
    for (const call of this.#calls()) {
      for (const key of orderKeysOf(call)) {
        const others = byKey.get(key);
        if (others === undefined) byKey.set(key, [call]);
        else others.push(call);
      }
    }
    setImmediate(() => {
      this.#byKey = undefined;
    });
    return byKey;
  }
}
