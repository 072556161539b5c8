/** Something that ends by itself or is told that its time is over. Linked into one list at a time. */
export interface Expiring {
  expiresAt: number;
  nextExpiring: Expiring | undefined;
  previousExpiring: Expiring | undefined;
  expirySlot: ExpiryList | undefined;

  /** Called once, when the time is over and it was not removed before. */
  expire(): void;
}

/** Those with one length of time, in the order in which they end: the order in which they came. */
interface ExpiryList {
  readonly afterMs: number;
  head: Expiring | undefined;
  tail: Expiring | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** How late a deadline may be noticed, in milliseconds: what one timer for all of them costs. */
const GRAIN_MS = 5;

/** The longest that a timer can be set for, in milliseconds; with more it ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Deadlines without a timer for each: one doubly linked list and one timer per length of time.
 *
 * Adding and removing are a few pointer writes; this is the scheme of a timer facility with a list per
 * interval (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987, scheme 2 kept per interval).
 */
export class Deadlines {
  readonly #lists = new Map<number, ExpiryList>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isEmpty(): boolean {
    for (const { head } of this.#lists.values()) if (head !== undefined) return false;
    return true;
  }

  /** All that have not ended. Not to be added to or removed from meanwhile. */
  *[Symbol.iterator](): Generator<Expiring> {
    for (const { head } of this.#lists.values())
      for (let item = head; item !== undefined; item = item.nextExpiring) yield item;
  }

  add(item: Expiring, afterMs: number): void {
    let list = this.#lists.get(afterMs);
    if (list === undefined) {
      list = { afterMs, head: undefined, tail: undefined, timer: undefined };
      this.#lists.set(afterMs, list);
    }
    item.expiresAt = this.#now() + afterMs;
    item.expirySlot = list;
    item.previousExpiring = list.tail;
    item.nextExpiring = undefined;
    if (list.tail === undefined) list.head = item;
    else list.tail.nextExpiring = item;
    list.tail = item;
    if (list.timer === undefined) this.#arm(list, afterMs);
  }

  remove(item: Expiring): void {
    const list = item.expirySlot;
    if (list === undefined) return;
    const { previousExpiring: before, nextExpiring: after } = item;
    if (before === undefined) list.head = after;
    else before.nextExpiring = after;
    if (after === undefined) list.tail = before;
    else after.previousExpiring = before;
    item.expirySlot = undefined;
    item.nextExpiring = undefined;
    item.previousExpiring = undefined;
  }

  /** Stops the timers and hands back what had not ended. */
  stop(): Expiring[] {
    const left: Expiring[] = [];
    for (const list of this.#lists.values()) {
      clearTimeout(list.timer);
      while (list.head !== undefined) {
        left.push(list.head);
        this.remove(list.head);
      }
    }
    this.#lists.clear();
    return left;
  }

  #arm(list: ExpiryList, inMs: number): void {
    const delayMs = Math.min(Math.max(inMs, GRAIN_MS), LONGEST_TIMER_MS);
    list.timer = setTimeout(() => this.#sweep(list), delayMs);
  }

  // The timer outlives an empty list by one round, so that steady traffic does not set and clear it per command.
  #sweep(list: ExpiryList): void {
    const now = this.#now();
    while (list.head !== undefined && list.head.expiresAt <= now) {
      const item = list.head;
      this.remove(item);
      item.expire();
    }
    if (list.head === undefined) {
      list.timer = undefined;
      this.#lists.delete(list.afterMs);
    } else {
      this.#arm(list, list.head.expiresAt - now);
    }
  }
}
