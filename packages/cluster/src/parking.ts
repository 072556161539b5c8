import type { Call } from './call.ts';

/** How long a parked call waits for news before it is tried again, in milliseconds. */
const LOOK_AGAIN_MS = 25;

/**
 * Calls that wait for a primary that answers. They are tried again when the topology was refreshed, and now
 * and then without news. Their deadlines take them out.
 */
export class Parking {
  readonly #tryAgain: (call: Call) => void;
  #parked = new Set<Call>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(tryAgain: (call: Call) => void) {
    this.#tryAgain = tryAgain;
  }

  park(call: Call): void {
    if (this.#closed) return;
    call.isParked = true;
    this.#parked.add(call);
    // Jitter, so that the processes of a fleet do not come back in step.
    this.#timer ??= setTimeout(() => this.release(), LOOK_AGAIN_MS * (0.5 + Math.random()));
  }

  forget(call: Call): void {
    this.#parked.delete(call);
  }

  /** Tries all of them again. Those that fail once more come back. */
  release(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const calls = this.#parked;
    this.#parked = new Set();
    for (const call of calls) {
      call.isParked = false;
      if (!call.settled) this.#tryAgain(call);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#parked.clear();
  }
}
