/** One piece of work that concurrent callers of a key share. */
export interface Flight<Value> {
  readonly promise: Promise<Value>;

  /** Whether nothing has invalidated the key since the work began. Only then may its value be kept here. */
  isClean: boolean;
}

/** Lets concurrent callers of one key in this process share a single piece of work. */
export class Flights {
  readonly #underWay = new Map<string, Flight<unknown>>();

  /** The work under way for `id`, if any. Its rejection reaches everyone who joined. */
  find<Value>(id: string): Promise<Value> | undefined {
    return this.#underWay.get(id)?.promise as Promise<Value> | undefined;
  }

  start<Value>(id: string, work: (flight: Flight<Value>) => Promise<Value>): Promise<Value> {
    const flight: { promise: Promise<Value>; isClean: boolean } = { promise: pending, isClean: true };
    flight.promise = work(flight).finally(() => {
      if (this.#underWay.get(id) === flight) this.#underWay.delete(id);
    });
    this.#underWay.set(id, flight);
    return flight.promise;
  }

  /** From now on nobody joins the work under way for `id`. Those who did still get its result. */
  close(id: string): void {
    const flight = this.#underWay.get(id);
    if (flight === undefined) return;
    flight.isClean = false;
    this.#underWay.delete(id);
  }

  closeAll(): void {
    for (const id of [...this.#underWay.keys()]) this.close(id);
  }
}

// Stands in for the moment between making a flight and having its promise; nobody can see it.
const pending = new Promise<never>(() => {});
