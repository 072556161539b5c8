import type { Call, CallGuard } from './call.ts';
import type { WritesUnderWay } from './writes-under-way.ts';

/** What a write that came to a key with a line may do. `ended`: it was superseded. */
export type Turn = 'go' | 'wait' | 'ended';

/**
 * Keeps the writes of a key in order while one of them may be executed later than it was made.
 *
 * A write that is tried again, or that a node still has while its slot went to another one, must not overtake one
 * that was made after it: what was acknowledged last must stand. So such a write is held, with the others of its key
 * behind it in the order in which they were made:
 *
 * ```
 *   held ── parked ──────────▶ a later write of the whole value supersedes it
 *     │ └── with its node ───▶ a later write of the whole value goes, and it is overtaken: an answer is welcome,
 *     │                        but it is never tried again
 *     └─ other later writes wait for it, unless both go the same way, on one connection
 * ```
 *
 * Keys without a held write cost one look at an empty map.
 */
export class KeyOrder {
  readonly #held = new Map<string, Call[]>();
  readonly #supersede: (call: Call) => void;
  readonly #underWay: WritesUnderWay;

  /**
   * @param supersede - ends a call whose effect nobody would see
   * @param underWay - all writes that have not ended
   */
  constructor(supersede: (call: Call) => void, underWay: WritesUnderWay) {
    this.#supersede = supersede;
    this.#underWay = underWay;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** A write is about to be sent to a node. `wait`: it has its turn when those before it have ended. */
  enter(call: Call, to: CallGuard | undefined): Turn {
    const line = this.#lineOf(call);
    if (line === undefined) return 'go';
    const at = place(line, call);
    if (call.isOvertaken) {
      this.#supersede(call);
      return 'ended';
    }
    if (call.replaces) this.#replace(line, at, to);
    // On one connection they stay in order by themselves.
    const before = line.slice(0, line.indexOf(call));
    return before.every((earlier) => earlier.isOvertaken || (to !== undefined && earlier.guard === to))
      ? 'go'
      : 'wait';
  }

  /** A write was not executed, or may not have been, and will be tried again: later ones queue behind it. */
  hold(call: Call): Turn {
    const { orderKey } = call;
    if (orderKey === undefined) return 'go';
    const line = this.#lineOf(call) ?? this.#newLine(orderKey);
    // What was sent after it may be executed, whatever became of it.
    if (call.written > 0 && !line.includes(call))
      for (const other of this.#underWay.of(orderKey)) place(line, other);
    const at = place(line, call);
    const isReplaced = isOnlyAbout(call) && line.slice(at + 1).some(({ replaces }) => replaces);
    if (isReplaced || call.isOvertaken) {
      this.#supersede(call);
      return 'ended';
    }
    if (call.replaces) this.#replace(line, at, undefined);
    return 'wait';
  }

  /** Slots have a new owner. What another node still has may be executed later than what is made from now on. */
  ownerChanged(slots: ReadonlySet<number>, ownerOf: (slot: number) => CallGuard | undefined): void {
    for (const call of this.#underWay) {
      const { orderKey, slot, guard } = call;
      if (orderKey === undefined || slot === undefined || !slots.has(slot)) continue;
      if (guard === undefined || guard !== ownerOf(slot))
        place(this.#lineOf(call) ?? this.#newLine(orderKey), call);
    }
  }

  /** A call has ended. The one whose turn it is now, if any. */
  leave(call: Call): Call | undefined {
    const line = this.#lineOf(call);
    const at = line?.indexOf(call) ?? -1;
    if (line === undefined || at < 0) return undefined;
    line.splice(at, 1);
    if (line.length === 0) this.#held.delete(call.orderKey as string);
    return at === 0 ? line[0] : undefined;
  }

  #lineOf({ orderKey }: Call): Call[] | undefined {
    return orderKey === undefined ? undefined : this.#held.get(orderKey);
  }

  #newLine(key: string): Call[] {
    const line: Call[] = [];
    this.#held.set(key, line);
    return line;
  }

  /** Nobody would see the effect of those before, as far as they have no other. */
  #replace(line: readonly Call[], at: number, to: CallGuard | undefined): void {
    for (const earlier of line.slice(0, at)) {
      if (!isOnlyAbout(earlier)) continue;
      if (earlier.isParked) this.#supersede(earlier);
      else if (to === undefined || earlier.guard !== to) earlier.isOvertaken = true;
    }
  }
}

/** Puts a call where it belongs, in the order in which calls were made, and says where that is. */
function place(line: Call[], call: Call): number {
  const there = line.indexOf(call);
  if (there >= 0) return there;
  const later = line.findIndex(({ madeAs }) => madeAs > call.madeAs);
  const at = later < 0 ? line.length : later;
  line.splice(at, 0, call);
  return at;
}

/** Whether a write has no other key than the one by which it is kept in order. */
function isOnlyAbout(call: Call): boolean {
  return call.getKeys().length === 1;
}
