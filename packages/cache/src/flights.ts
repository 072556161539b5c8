/** One piece of work that concurrent callers of a key share. */
export class Flight {
  readonly id: string;

  /** Whether nothing has invalidated the key since the work began. Only then may its value be kept here. */
  isClean = true;

  constructor(id: string) {
    this.id = id;
  }
}

interface UnderWay {
  readonly flight: Flight;
  promise: Promise<unknown> | undefined;
}

/** Lets concurrent callers of one key in this process share a single piece of work. */
export class Flights {
  readonly #underWay = new Map<string, UnderWay>();

  /** The work under way for `id`, if any. Its rejection reaches everyone who joined. */
  find<Value>(id: string): Promise<Value> | undefined {
    return this.#underWay.get(id)?.promise as Promise<Value> | undefined;
  }

  /**
   * Starts work that others may join. It calls {@link end} itself, whatever happens: a promise chained behind it
   * to do so would cost a hit more than decoding does.
   */
  start<Value>(id: string, work: (flight: Flight) => Promise<Value>): Promise<Value> {
    // Of a key's flights only the last is known. One whose place is taken would not learn of an invalidation.
    this.close(id);
    const underWay: UnderWay = { flight: new Flight(id), promise: undefined };
    // Before the work, which may end at once.
    this.#underWay.set(id, underWay);
    const promise = work(underWay.flight);
    underWay.promise = promise;
    return promise;
  }

  /** The work is done. */
  end(flight: Flight): void {
    if (this.#underWay.get(flight.id)?.flight === flight) this.#underWay.delete(flight.id);
  }

  /** From now on nobody joins the work under way for `id`. Those who did still get its result. */
  close(id: string): void {
    const underWay = this.#underWay.get(id);
    if (underWay === undefined) return;
    underWay.flight.isClean = false;
    this.#underWay.delete(id);
  }

  closeAll(): void {
    for (const id of [...this.#underWay.keys()]) this.close(id);
  }
}
