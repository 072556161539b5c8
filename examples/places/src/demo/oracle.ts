/** A commit of the database's log, its time in milliseconds on the database's clock. */
export interface Commit {
  readonly placeId: number;
  readonly version: number;
  readonly committedAtMs: number;
}

/** A place as a caller was shown it. */
export interface Read {
  readonly placeId: number;
  readonly version: number;

  /** When the request began, in milliseconds on the database's clock. */
  readonly startedAtMs: number;
}

/** What became of a read. `staleMs`: for how long another version had been committed when the request began. */
export type Judgement =
  | { readonly outcome: 'current' }
  | { readonly outcome: 'behind'; readonly staleMs: number }
  | { readonly outcome: 'stale'; readonly staleMs: number }
  | { readonly outcome: 'uncommitted' };

/** Every place has this version before its first change, and no commit for it. */
const FIRST_VERSION = 1;

/**
 * Judges answers by the database's own log of commits: an answer may not be older than what had been
 * committed `boundMs` before its request began, nor may it show what was never committed.
 */
export class Oracle {
  /** For every place when each version was committed; version 1 has no entry. */
  readonly #log = new Map<number, Map<number, number>>();
  readonly #newest = new Map<number, number>();
  readonly #boundMs: number;

  constructor({ boundMs }: { readonly boundMs: number }) {
    this.#boundMs = boundMs;
  }

  /** Takes commits in any order; the same one may come again. */
  learn(commits: Iterable<Commit>): void {
    for (const { placeId, version, committedAtMs } of commits) {
      const versions = this.#log.get(placeId) ?? new Map<number, number>();
      versions.set(version, committedAtMs);
      this.#log.set(placeId, versions);
      this.#newest.set(placeId, Math.max(version, this.#newest.get(placeId) ?? FIRST_VERSION));
    }
  }

  /** Judges a read. All that was committed before its request ended must have been learnt. */
  judge({ placeId, version, startedAtMs }: Read): Judgement {
    const newest = this.#newest.get(placeId) ?? FIRST_VERSION;
    if (!Number.isInteger(version) || version < FIRST_VERSION || version > newest)
      return { outcome: 'uncommitted' };

    const supersededAtMs = this.#log.get(placeId)?.get(version + 1);
    if (supersededAtMs === undefined && version < newest) {
      throw new Error(
        `The log of commits has no version ${version + 1} of place ${placeId}; nothing can be judged by it`,
      );
    }
    if (supersededAtMs === undefined || supersededAtMs >= startedAtMs) return { outcome: 'current' };

    const staleMs = startedAtMs - supersededAtMs;
    return { outcome: staleMs > this.#boundMs ? 'stale' : 'behind', staleMs };
  }
}
