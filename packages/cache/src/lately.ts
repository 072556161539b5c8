/** How long a change is remembered, in milliseconds: longer than a replica that works is behind. */
const REMEMBER_MS = 10_000;

/** How many are remembered. Beyond that the oldest are forgotten. */
const LIMIT = 50_000;

/**
 * Keys that were deleted or replaced a short while ago, here or as others told: a replica may not know of it,
 * for it follows its primary some time behind.
 */
export class Lately {
  readonly #changedAt = new Map<string, number>();

  /** The newest last, each key once. */
  note(id: string, now: number): void {
    this.#changedAt.delete(id);
    this.#changedAt.set(id, now);
    for (const [oldest, at] of this.#changedAt) {
      if (now - at < REMEMBER_MS && this.#changedAt.size <= LIMIT) break;
      this.#changedAt.delete(oldest);
    }
  }

  has(id: string, now: number): boolean {
    const at = this.#changedAt.get(id);
    return at !== undefined && now - at < REMEMBER_MS;
  }
}
