import type { Call } from './call.ts';

/** What became of a write that came to a key whose earlier write is being retried. */
export type Turn = 'go' | 'wait';

/**
 * Keeps the writes of a key in order while one of them is being retried.
 *
 * A write that is tried again later must not overtake one that was made after it: what was acknowledged last
 * must stand. So while a write of a key is held, later writes of the key queue behind it; and one that
 * replaces the whole value supersedes those before it, whose effect nobody would see. Keys without a held
 * write cost one look at an empty map.
 */
export class KeyOrder {
  readonly #held = new Map<string, Call[]>();
  readonly #supersede: (call: Call) => void;

  constructor(supersede: (call: Call) => void) {
    this.#supersede = supersede;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** A write is about to be sent. `wait`: it has its turn when those before it have ended. */
  enter(call: Call): Turn {
    const { orderKey } = call;
    if (orderKey === undefined) return 'go';
    const line = this.#held.get(orderKey);
    if (line === undefined || line[0] === call) return 'go';
    if (line.includes(call)) return 'wait';
    line.push(call);
    if (!call.replaces) return 'wait';
    const before = line.splice(0, line.length - 1);
    for (const earlier of before) this.#supersede(earlier);
    return 'go';
  }

  /** A write failed and will be tried again: from now on later ones queue behind it. */
  hold(call: Call): void {
    const { orderKey } = call;
    if (orderKey === undefined) return;
    const line = this.#held.get(orderKey);
    if (line === undefined) {
      this.#held.set(orderKey, [call]);
      return;
    }
    if (line.includes(call)) return;
    // Those that were sent together fail together, in any order: they go back as they were made.
    const found = line.findIndex(({ madeAs }) => madeAs > call.madeAs);
    const at = found < 0 ? line.length : found;
    if (line.slice(at).some(({ replaces }) => replaces)) {
      this.#supersede(call);
      return;
    }
    line.splice(at, 0, call);
    if (call.replaces) for (const earlier of line.splice(0, at)) this.#supersede(earlier);
  }

  /** A call has ended. The one whose turn it is now, if any. */
  leave(call: Call): Call | undefined {
    const { orderKey } = call;
    if (orderKey === undefined) return undefined;
    const line = this.#held.get(orderKey);
    const at = line?.indexOf(call) ?? -1;
    if (line === undefined || at < 0) return undefined;
    line.splice(at, 1);
    if (line.length === 0) this.#held.delete(orderKey);
    return at === 0 ? line[0] : undefined;
  }
}
