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

  /** Whether it is for lengths that are rounded up to its own. */
  readonly isRounded: boolean;
  head: Expiring | undefined;
  tail: Expiring | undefined;
  timer: NodeJS.Timeout | undefined;

  /** When the timer is to go off, and what runs in its place when that was late. */
  dueAt: number;
  afterReading: NodeJS.Immediate | undefined;
}

/** How late a deadline may be noticed, in milliseconds: what one timer for all of them costs. */
const GRAIN_MS = 5;

/** How late a timer may be before it is taken for a sign that this process has not read its sockets for as long. */
const STALL_MS = 2 * GRAIN_MS;

/**
 * How many lengths of time have a list of their own. Others are rounded up, to one of so many lengths between a power of
 * two and the next: they end a hundredth later, and whoever makes up a deadline for each call cannot make as many lists.
 */
const MOST_EXACT = 32;
const ROUNDED_LENGTHS = 128;

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
    const list = this.#lists.get(afterMs) ?? this.#listFor(afterMs);
    const now = this.#now();
    item.expiresAt = now + list.afterMs;
    item.expirySlot = list;
    item.previousExpiring = list.tail;
    item.nextExpiring = undefined;
    if (list.tail === undefined) list.head = item;
    else list.tail.nextExpiring = item;
    list.tail = item;
    if (list.timer === undefined) this.#arm(list, list.afterMs, now);
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
    if (list.isRounded && list.head === undefined) this.#forget(list);
  }

  /** Stops the timers and hands back what had not ended. */
  stop(): Expiring[] {
    const left: Expiring[] = [];
    for (const list of this.#lists.values()) {
      this.#forget(list);
      while (list.head !== undefined) {
        left.push(list.head);
        this.remove(list.head);
      }
    }
    return left;
  }

  /** A list for a length of time that has none of its own. */
  #listFor(lengthMs: number): ExpiryList {
    const isRounded = this.#lists.size >= MOST_EXACT;
    const afterMs = isRounded ? roundedUp(lengthMs) : lengthMs;
    const known = this.#lists.get(afterMs);
    if (known !== undefined) return known;
    const list: ExpiryList = {
      afterMs,
      isRounded,
      head: undefined,
      tail: undefined,
      timer: undefined,
      dueAt: 0,
      afterReading: undefined,
    };
    this.#lists.set(afterMs, list);
    return list;
  }

  #forget(list: ExpiryList): void {
    clearTimeout(list.timer);
    clearImmediate(list.afterReading);
    list.timer = undefined;
    this.#lists.delete(list.afterMs);
  }

  #arm(list: ExpiryList, inMs: number, now: number): void {
    const delayMs = Math.min(Math.max(inMs, GRAIN_MS), LONGEST_TIMER_MS);
    list.dueAt = now + delayMs;
    list.timer = setTimeout(() => this.#due(list), delayMs);
  }

  /** After a stall timers go off before sockets are read: what has been answered meanwhile is read first. */
  #due(list: ExpiryList): void {
    const isStalled = this.#now() - list.dueAt > STALL_MS;
    if (isStalled) list.afterReading = setImmediate(() => this.#sweep(list));
    else this.#sweep(list);
  }

  // The timer outlives an empty list by one round, so that steady traffic does not set and clear it per command. Only
  // those for rounded lengths, which are rare, go with their last one.
  #sweep(list: ExpiryList): void {
    const now = this.#now();
    while (list.head !== undefined && list.head.expiresAt <= now) {
      const item = list.head;
      this.remove(item);
      item.expire();
    }
    // What has ended may have added others, and a list that was forgotten meanwhile is another's now.
    if (list.head !== undefined) this.#arm(list, list.head.expiresAt - now, now);
    else if (this.#lists.get(list.afterMs) === list) this.#forget(list);
  }
}

function roundedUp(ms: number): number {
  const step = Math.max(GRAIN_MS, 2 ** Math.floor(Math.log2(ms)) / ROUNDED_LENGTHS);
  return Math.ceil(ms / step) * step;
}
