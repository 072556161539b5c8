import { channel } from 'node:diagnostics_channel';

/** What is told about an invalidation by the process that asked for it. */
export interface InvalidationTold {
  readonly template: string;
  readonly outcome: 'deleted' | 'pending' | 'confirmed' | 'repeated' | 'dropped';
}

/** What went wrong and was dealt with. */
export interface ProblemTold {
  readonly what:
    | 'undecodable'
    | 'refused'
    | 'not-filled'
    | 'not-released'
    | 'not-renewed'
    | 'not-refreshed'
    | 'not-elected'
    | 'not-prolonged'
    | 'too-large'
    | 'not-announced'
    | 'malformed-message'
    | 'crowded';
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
