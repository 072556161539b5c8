import { channel } from 'node:diagnostics_channel';

/** What is told about an invalidation, by the process that asked for it or by one that heard of it. */
export interface InvalidationTold {
  readonly template: string;
  readonly outcome: 'deleted' | 'pending' | 'confirmed' | 'repeated' | 'dropped' | 'heard';
}

/** What went wrong and was dealt with. */
export interface ProblemTold {
  readonly what: 'undecodable' | 'malformed-message' | 'not-announced' | 'not-released' | 'not-renewed';
  readonly template?: string;
  readonly why: string;
}

const invalidations = channel('keyslot:cache.invalidation');
const problems = channel('keyslot:cache.problem');

export function tellInvalidation(told: InvalidationTold): void {
  if (invalidations.hasSubscribers) invalidations.publish(told);
}

export function tellProblem(told: ProblemTold): void {
  if (problems.hasSubscribers) problems.publish(told);
}
