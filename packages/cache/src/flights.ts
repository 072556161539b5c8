import { type Expected, isServedBy } from './expected.ts';

/** One piece of work that concurrent callers of a key share. */
export class Flight {
  readonly id: string;

  /** What those want of the value who share it. */
  readonly expected: Expected | undefined;

  /** Whether nothing has invalidated the key since the work began. Only then may its value be kept here. */
  isClean = true;

  constructor(id: string, expected?: Expected) {
    this.id = id;
    this.expected = expected;
  }
}

interface UnderWay {
  readonly flight: Flight;
  promise: Promise<unknown> | undefined;

  /** Another of the same key, for callers who expect something else. There hardly ever is one. */
  next: UnderWay | undefined;
}

/** Lets concurrent callers of one key in this process share a single piece of work, if they expect the same. */
export class Flights {
  readonly #underWay = new Map<string, UnderWay>();

  /** The work under way for `id`, if any, whose value is what is expected. Its rejection reaches everyone who joined. */
  find<Value>(id: string, expected?: Expected): Promise<Value> | undefined {
    let each = this.#underWay.get(id);
    while (each !== undefined && !isServedBy(each.flight.expected, expected)) each = each.next;
    return each?.promise as Promise<Value> | undefined;
  }

  /**
   * Starts work that others may join. It calls {@link end} itself, whatever happens: a promise chained behind it
   * to do so would cost a hit more than decoding does.
   */
  start<Value>(id: string, work: (flight: Flight) => Promise<Value>, expected?: Expected): Promise<Value> {
    const flight = new Flight(id, expected);
    // One that nobody can join any more could not be closed either.
    const next = without(this.#underWay.get(id), ({ flight: other }) => {
      const isReplaced = isServedBy(flight.expected, other.expected);
      if (isReplaced) other.isClean = false;
      return isReplaced;
    });
    const underWay: UnderWay = { flight, promise: undefined, next };
    // Before the work, which may end at once.
    this.#underWay.set(id, underWay);
    const promise = work(flight);
    underWay.promise = promise;
    return promise;
  }

  /** The work is done. */
  end(flight: Flight): void {
    const first = this.#underWay.get(flight.id);
    if (first === undefined) return;
    const others = without(first, (each) => each.flight === flight);
    if (others === undefined) this.#underWay.delete(flight.id);
    else if (others !== first) this.#underWay.set(flight.id, others);
  }

  /** From now on nobody joins the work under way for `id`. Those who did still get its result. */
  close(id: string): void {
    let each = this.#underWay.get(id);
    if (each === undefined) return;
    for (; each !== undefined; each = each.next) each.flight.isClean = false;
    this.#underWay.delete(id);
  }

  closeAll(): void {
    for (const id of [...this.#underWay.keys()]) this.close(id);
  }
}

/** What is left of a list without those that are to go. */
function without(first: UnderWay | undefined, goes: (each: UnderWay) => boolean): UnderWay | undefined {
  let left = first;
  while (left !== undefined && goes(left)) left = left.next;
  for (let each = left; each !== undefined; each = each.next) {
    while (each.next !== undefined && goes(each.next)) each.next = each.next.next;
  }
  return left;
}
