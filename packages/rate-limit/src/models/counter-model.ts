import type { Limit } from '../limit.ts';

/** What an algorithm needs of a limit. */
export type ModelLimit = Pick<Limit, 'letter' | 'unit' | 'capacity' | 'a' | 'b'>;

/** What is kept of a limit, and whether its clock had to be set right. */
interface Seen<State> {
  readonly state: State;

  /** The state was in the future, as a clock that was set back leaves it: it is worth writing even if nothing is charged. */
  readonly mended: boolean;
}

/**
 * An algorithm whose state is a few numbers, as pure functions: state and now give a decision. Times are microseconds of one
 * clock, amounts are in units of the limit. It is what `charge.lua` does, word by word.
 */
export interface CounterModel<State> {
  /** The state as it is now; of nothing, and of what is over, the state of nobody. */
  see(limit: ModelLimit, state: State | undefined, now: number): Seen<State>;

  /** How much is used of the capacity. */
  used(limit: ModelLimit, state: State, now: number): number;

  /** The state with more used, or with less. */
  add(limit: ModelLimit, state: State, charge: number, now: number): State;

  /** Until a charge fits in that is now over the capacity by so much. */
  waitUs(limit: ModelLimit, state: State, now: number, over: number, charge: number): number;

  /** Until it is as if never used. */
  resetUs(limit: ModelLimit, state: State, now: number): number;
}

export function ceilDiv(a: number, b: number): number {
  return Math.floor((a + b - 1) / b);
}
