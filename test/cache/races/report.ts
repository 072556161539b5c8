/**
 * What must not be:
 *
 * - `cluster`: the cluster has a value that was invalidated before it was asked
 * - `own`: a process was answered such a value after its own delete or set, from any tier
 * - `left`: one was left behind when nothing was under way any more
 * - `served`: a process that keeps nothing in memory was answered one
 * - `local`: a copy in memory was served for longer than messages travel, or, when they are lost, than copies live
 * - `expired`: a value that had expired was answered as a fresh one
 */
export type Fault = 'cluster' | 'own' | 'left' | 'served' | 'local' | 'expired';

/** A value that nobody should have been given. */
export interface Finding {
  readonly fault: Fault;
  readonly round: number;
  readonly lane: number;
  readonly what: string;
}

/** How often something happened. */
export type Counts = Record<string, number>;

/** What a thread tells. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'log'; readonly round: number; readonly lines: readonly LogLine[] }
  | { readonly kind: 'over'; readonly counts: Counts; readonly slowestMs: number };

/** What a thread is asked: to begin, or for what happened in a round of a lane. */
export type Asked =
  | { readonly kind: 'begin' }
  | { readonly kind: 'log'; readonly lane: number; readonly round: number };

/** One thing that happened to a round's key. */
export interface LogLine {
  readonly at: number;
  readonly text: string;
}

/** A finding, and what happened in its round. */
export interface Explained extends Finding {
  readonly timeline: readonly string[];
}

/** What a run found. */
export interface RaceReport {
  readonly seed: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly counts: Counts;
  readonly findings: readonly Explained[];

  /** The longest time that a copy in memory was served after its value was invalidated elsewhere, in milliseconds. */
  readonly slowestMs: number;

  /** Why nothing more was done to the cluster from some time on: it did not become whole again. */
  readonly broken: string | undefined;
}
