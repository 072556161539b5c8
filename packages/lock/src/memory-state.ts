import type { Clock } from '@keyslot/kernel';

/** One who holds a lock, or waits for it, as the scripts keep it. Times are microseconds. */
interface MemoryHolder {
  readonly token: string;
  readonly limit: number;
  readonly number: number;
  deadline: number;
}

interface MemoryWaiter {
  readonly token: string;
  readonly limit: number;
  deadline: number;
  isCalled: boolean;
}

/** What one key holds. */
export interface MemoryState {
  number: number;
  holders: MemoryHolder[];
  waiters: MemoryWaiter[];
}

/** The states of locks, each until its time is over. */
export class MemoryStates {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #kept = new Map<string, { readonly state: MemoryState; readonly until: number }>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** In microseconds. */
  now(): number {
    return Math.floor(this.#clock.now() * 1_000);
  }

  /** What a key holds, without those whose time is over. */
  find(key: string, now: number): MemoryState | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.until <= now) {
      this.#kept.delete(key);
      return undefined;
    }
    const { number, holders, waiters } = kept.state;
    const isThere = ({ deadline }: { readonly deadline: number }) => deadline > now;
    return { number, holders: holders.filter(isThere), waiters: waiters.filter(isThere) };
  }

  save(key: string, state: MemoryState, now: number, keepMs: number): void {
    const deadlines = [...state.holders, ...state.waiters].map(({ deadline }) => deadline);
    const last = Math.max(now, state.number, ...deadlines);
    this.#kept.set(key, { state, until: now + (Math.ceil((last - now) / 1_000) + keepMs + 1) * 1_000 });
  }

  delete(key: string): void {
    this.#kept.delete(key);
  }

  /** How many resources there are of which something is known. */
  get size(): number {
    const now = this.now();
    for (const [key, { until }] of this.#kept) if (until <= now) this.#kept.delete(key);
    return this.#kept.size;
  }
}
