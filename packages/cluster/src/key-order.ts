import { type Call, type CallGuard, orderKeysOf } from './call.ts';
import type { WritesUnderWay } from './writes-under-way.ts';

/** What a write that came to a key with a line may do. `ended`: it was superseded. */
export type Turn = 'go' | 'wait' | 'ended';

/**
 * Keeps the writes of a key in order while one of them may be executed later than it was made.
 *
 * A write that is tried again, or that a node still has while its slot went to another one, must not overtake one
 * that was made after it: what was acknowledged last must stand. So such a write is held, with the others of its keys
 * behind it in the order in which they were made:
 *
 * - One that only changes the value waits for those before it, unless they go the same way, on one connection.
 * - One that replaces the value goes ahead of them. Once it is answered, nobody would see their effect: those that
 *   wait are superseded, and those that a node still has are not tried again. If it fails, it is their turn.
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

  /** A write is about to be sent to a node. `wait`: it has its turn when others of its keys have ended. */
  enter(call: Call, to: CallGuard | undefined): Turn {
    if (call.isOvertaken) {
      this.#supersede(call);
      return 'ended';
    }
    let turn: Turn = 'go';
    for (const key of orderKeysOf(call)) {
      const line = this.#held.get(key);
      if (line !== undefined && !this.#mayGo(line, call, to)) turn = 'wait';
    }
    return turn;
  }

  /** A write was not executed, or may not have been, and will be tried again: later ones queue behind it. */
  hold(call: Call): Turn {
    call.isAhead = false;
    for (const key of orderKeysOf(call)) {
      const line = this.#lineOf(key);
      if (call.written > 0 && !line.includes(call)) this.#gather(key, line, call);
      const at = place(line, call);
      if (line.slice(at + 1).some((later) => later.isParked && isLostBehind(call, later))) {
        this.#supersede(call);
        return 'ended';
      }
      this.#giveUpBefore(line, at, call);
    }
    if (!call.isOvertaken) return 'wait';
    this.#supersede(call);
    return 'ended';
  }

  /** Slots have a new owner. What another node still has may be executed later than what is made from now on. */
  ownerChanged(slots: ReadonlySet<number>, ownerOf: (slot: number) => CallGuard | undefined): void {
    for (const call of this.#underWay) {
      const { slot, guard } = call;
      if (slot === undefined || !slots.has(slot)) continue;
      if (guard === undefined || guard !== ownerOf(slot))
        for (const key of orderKeysOf(call)) place(this.#lineOf(key), call);
    }
  }

  /** A call has ended. Those whose turn it may be now. */
  leave(call: Call, how: 'answered' | 'given-up'): readonly Call[] {
    const next: Call[] = [];
    for (const key of orderKeysOf(call)) {
      const line = this.#held.get(key);
      const at = line?.indexOf(call) ?? -1;
      if (line === undefined || at < 0) continue;
      if (how === 'answered' && call.replaces) this.#overtake(line.slice(0, at));
      line.splice(line.indexOf(call), 1);
      if (line.length === 0) this.#held.delete(key);
      const [first] = line;
      if (first !== undefined && (at === 0 || call.isAhead)) next.push(first);
    }
    return next;
  }

  #lineOf(key: string): Call[] {
    let line = this.#held.get(key);
    if (line === undefined) {
      line = [];
      this.#held.set(key, line);
    }
    return line;
  }

  #mayGo(line: Call[], call: Call, to: CallGuard | undefined): boolean {
    const at = place(line, call);
    if (line.slice(at + 1).some(({ isAhead }) => isAhead)) return false;
    if (call.replaces) this.#giveUpBefore(line, at, call);
    // On one connection they stay in order by themselves.
    const others = line
      .slice(0, line.indexOf(call))
      .filter((earlier) => !earlier.isOvertaken && (to === undefined || earlier.guard !== to));
    if (others.length === 0) return true;
    call.isAhead = call.replaces && others.every(isOfOneKey);
    return call.isAhead;
  }

  /** What was sent after a call that failed may have been executed, whatever became of that. */
  #gather(key: string, line: Call[], call: Call): void {
    for (const other of this.#underWay.of(key)) {
      place(line, other);
      if (other.madeAs > call.madeAs && other.replaces && !other.isParked) other.isAhead = true;
    }
  }

  /** A later write that is sure to be tried for longer takes the place of those that wait. */
  #giveUpBefore(line: readonly Call[], at: number, call: Call): void {
    for (const earlier of line.slice(0, at))
      if (earlier.isParked && isLostBehind(earlier, call)) this.#supersede(earlier);
  }

  #overtake(line: readonly Call[]): void {
    for (const earlier of line) {
      if (!isOfOneKey(earlier)) continue;
      if (earlier.isParked) this.#supersede(earlier);
      else earlier.isOvertaken = true;
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

/** With another key as well, there is more to see of a write than what a later one of this key replaces. */
function isOfOneKey({ moreOrderKeys }: Call): boolean {
  return moreOrderKeys === undefined;
}

/** Whether nobody will see the effect of a write, because a later one ends no sooner than it. */
function isLostBehind(earlier: Call, later: Call): boolean {
  if (!later.replaces || !isOfOneKey(earlier)) return false;
  return later.waits && later.signal === undefined && later.expiresAt >= earlier.expiresAt;
}
