import { channel } from 'node:diagnostics_channel';
import type { LossReason } from './errors.ts';

/** How a resource is held: alone, with others that share it, or as one permit of a semaphore. */
export type HeldAs = 'exclusive' | 'shared' | 'permit';

/** What one who asks for a lock passes on the way. */
export type LockStep = 'refused' | 'called' | 'looked' | 'unanswered' | 'taken';

/** An acquisition that has ended, on `keyslot:lock.acquisition`. */
export interface AcquisitionTold {
  readonly template: string;
  readonly as: HeldAs;
  readonly outcome: 'taken' | 'refused' | 'timed-out' | 'aborted' | 'failed';

  /** In order. One who waits is refused first, and then called or looks for itself. */
  readonly steps: readonly LockStep[];
  readonly ms: number;
}

/** A lock that is not held any more, on `keyslot:lock.end`. */
export interface EndTold {
  readonly template: string;
  readonly as: HeldAs;
  readonly outcome: LossReason;
  readonly heldMs: number;
}

/** What went wrong and was dealt with, on `keyslot:lock.problem`. */
export interface LockProblemTold {
  readonly what: 'not-renewed' | 'not-given-back' | 'unanswered' | 'not-heard';
  readonly template: string;
  readonly why: string;
}

const acquisitions = channel('keyslot:lock.acquisition');
const ends = channel('keyslot:lock.end');
const problems = channel('keyslot:lock.problem');

export function tellAcquisition(told: AcquisitionTold): void {
  if (acquisitions.hasSubscribers) acquisitions.publish(told);
}

export function tellEnd(told: EndTold): void {
  if (ends.hasSubscribers) ends.publish(told);
}

/** @param error - shown by its code or name: its words may hold what they should not */
export function tellProblem(what: LockProblemTold['what'], template: string, error: unknown): void {
  if (problems.hasSubscribers) problems.publish({ what, template, why: nameOf(error) });
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
