/** How long somebody else's doubt lasts when nothing more is heard of it, in milliseconds. */
const HEARD_FOR_MS = 3_000;

/** How many characters those may have together that others told: they say what they like. */
const LIMIT_CHARACTERS = 16 * 1024 * 1024;

/**
 * Keys that were invalidated but may still have their old value in the cluster: the delete could not be
 * confirmed. They are not read from the cluster until it was.
 *
 * A doubt has a source: this process, or the seal with which another told of it. Who made the seal can settle it, and
 * nobody else.
 */
export class Doubts {
  readonly #byKey = new Map<string, Map<string, number>>();
  #heardCharacters = 0;
  #sweepAt = 0;

  get size(): number {
    return this.#byKey.size;
  }

  /** How many have one about a key. */
  sourcesOf(id: string): number {
    return this.#byKey.get(id)?.size ?? 0;
  }

  has(id: string, now: number): boolean {
    if (this.#byKey.size === 0) return false;
    const sources = this.#byKey.get(id);
    if (sources === undefined) return false;
    for (const [source, until] of sources) {
      if (until > now) return true;
      this.settle(id, source);
    }
    return false;
  }

  /** This process has a delete that is not confirmed. It knows itself when it is. */
  own(id: string, source: string): void {
    this.#set(id, source, Number.POSITIVE_INFINITY);
  }

  /**
   * Another process has. It may die before it says that it is confirmed.
   *
   * @returns whether there was room for it; it is told again
   */
  hear(id: string, source: string, now: number): 'heard' | 'crowded' {
    if (now >= this.#sweepAt) this.#sweep(now);
    const until = this.#byKey.get(id)?.get(source);
    // This process's own, which another one names: everybody knows what it is called.
    if (until === Number.POSITIVE_INFINITY) return 'heard';
    const isRoom = this.#heardCharacters + id.length + source.length <= LIMIT_CHARACTERS;
    if (until === undefined && !isRoom) return 'crowded';
    this.#set(id, source, now + HEARD_FOR_MS);
    return 'heard';
  }

  settle(id: string, source: string): void {
    const sources = this.#byKey.get(id);
    const until = sources?.get(source);
    if (sources === undefined || until === undefined) return;
    if (Number.isFinite(until)) this.#heardCharacters -= id.length + source.length;
    sources.delete(source);
    if (sources.size === 0) this.#byKey.delete(id);
  }

  /** Keys that nobody asks for any more would stay for ever. */
  #sweep(now: number): void {
    this.#sweepAt = now + HEARD_FOR_MS;
    for (const [known, sources] of this.#byKey) {
      for (const [each, until] of sources) if (until <= now) this.settle(known, each);
    }
  }

  #set(id: string, source: string, until: number): void {
    this.settle(id, source);
    if (Number.isFinite(until)) this.#heardCharacters += id.length + source.length;
    const sources = this.#byKey.get(id);
    if (sources === undefined) this.#byKey.set(id, new Map([[source, until]]));
    else sources.set(source, until);
  }
}
