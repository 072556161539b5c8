import { backoffMs } from './backoff.ts';
import type { Call } from './call.ts';

/** How often those that wait are looked at, in milliseconds, before jitter. */
const LOOK_EVERY_MS = 15;

/**
 * Calls that wait: for a primary that answers, for their turn, or for their backoff to be over. They are tried again
 * when their time has come, or at once when the topology or a breaker has changed. Their deadlines take them out.
 * Each primary's are bounded, so that a long outage costs neither memory nor the other shards' time.
 */
export class Parking {
  readonly #tryAgain: (call: Call) => void;
  readonly #most: number;
  readonly #parked = new Set<Call>();
  readonly #countOf = new Map<string | undefined, number>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param most - how many calls may wait for one primary */
  constructor(most: number, tryAgain: (call: Call) => void) {
    this.#most = most;
    this.#tryAgain = tryAgain;
  }

  get size(): number {
    return this.#parked.size;
  }

  /**
   * Takes a call whose attempt failed, for its backoff at least.
   *
   * @param primary - whom it waits for, if that is known
   */
  park(call: Call, primary: string | undefined): 'parked' | 'overloaded' {
    const count = this.#countOf.get(primary) ?? 0;
    if (count >= this.#most) return 'overloaded';
    if (this.#closed) return 'parked';
    this.#countOf.set(primary, count + 1);
    call.notBefore = performance.now() + backoffMs(++call.failures);
    call.isParked = true;
    call.parkedFor = primary;
    this.#parked.add(call);
    this.#timer ??= setTimeout(() => this.#look(), LOOK_EVERY_MS * (0.5 + Math.random()));
    return 'parked';
  }

  /** Takes a call out: it has ended, or is about to be tried. */
  take(call: Call): void {
    if (!this.#parked.delete(call)) return;
    call.isParked = false;
    // What was never sent is no retry, and needs no budget.
    call.isRetry = call.written > 0;
    const left = (this.#countOf.get(call.parkedFor) ?? 0) - 1;
    if (left > 0) this.#countOf.set(call.parkedFor, left);
    else this.#countOf.delete(call.parkedFor);
  }

  /** Tries all of them again. Those that fail once more come back. */
  release(): void {
    this.#tryThose(() => true);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#parked.clear();
    this.#countOf.clear();
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    this.#tryThose((call) => call.notBefore <= now);
    if (this.#parked.size > 0)
      this.#timer ??= setTimeout(() => this.#look(), LOOK_EVERY_MS * (0.5 + Math.random()));
  }

  #tryThose(isDue: (call: Call) => boolean): void {
    for (const call of [...this.#parked]) {
      if (!this.#parked.has(call) || !isDue(call)) continue;
      this.take(call);
      this.#tryAgain(call);
    }
  }
}
