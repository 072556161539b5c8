/** How long a change is remembered, in milliseconds: longer than a failover takes, and than a replica is behind. */
const REMEMBER_MS = 10_000;

/** How many are remembered. Beyond that the oldest are forgotten. */
const LIMIT = 50_000;

interface Change {
  readonly at: number;

  /** The key's template, where it was this process that changed it. */
  readonly template: string | undefined;
}

/**
 * Keys that were deleted or replaced a short while ago, here or as others told. A replica may not know of it, for it
 * follows its primary some time behind; and where that primary was lost, it never will.
 */
export class Lately {
  readonly #changes = new Map<string, Change>();

  /**
   * The newest last, each key once.
   *
   * @param template - the key's, where it was this process that changed it
   */
  note(id: string, template: string | undefined, now: number): void {
    const known = this.has(id, now) ? this.#changes.get(id)?.template : undefined;
    this.#changes.delete(id);
    this.#changes.set(id, { at: now, template: template ?? known });
    for (const [oldest, { at }] of this.#changes) {
      if (now - at < REMEMBER_MS && this.#changes.size <= LIMIT) break;
      this.#changes.delete(oldest);
    }
  }

  has(id: string, now: number): boolean {
    const change = this.#changes.get(id);
    return change !== undefined && now - change.at < REMEMBER_MS;
  }

  /** All of them, with their templates where they are known. */
  *all(now: number): Generator<readonly [id: string, template: string | undefined]> {
    for (const [id, { at, template }] of this.#changes) if (now - at < REMEMBER_MS) yield [id, template];
  }
}
