import type { Judgement } from './oracle.ts';

/** No answer may be older than what had been committed this long before its request began. */
export const STALENESS_BOUND_MS = 2000;

/** What a run has shown, as far as the promises are about it. */
export interface Evidence {
  /** Requests that were not answered, or not with the status that is right for them. */
  readonly errors: number;

  readonly reads: Readonly<Record<Judgement['outcome'], number>>;

  /** How often the instances went to the database for a value, all of them together. */
  readonly loads: number;

  /** Distinct cache keys that were asked for. */
  readonly keysTouched: number;

  /** Entries that were invalidated because of a change. */
  readonly invalidations: number;
}

/** One sentence about the service that holds or does not. */
export interface Finding {
  readonly promise: string;
  readonly holds: boolean;
  readonly found: string;
}

/** What the demo promises about a run, and whether it was so. */
export function judgePromises({ errors, reads, loads, keysTouched, invalidations }: Evidence): Finding[] {
  const judged = reads.current + reads.behind + reads.stale + reads.uncommitted;
  return [
    { promise: 'no request failed', holds: errors === 0, found: `${errors} errors` },
    {
      promise: `no answer was older than what had been committed ${STALENESS_BOUND_MS / 1000} s before its request`,
      holds: judged > 0 && reads.stale === 0,
      found: `${reads.stale} stale of ${judged} places shown`,
    },
    {
      promise: 'no answer showed what was never committed',
      holds: reads.uncommitted === 0,
      found: `${reads.uncommitted} such answers`,
    },
    {
      promise: 'no more loads than keys touched and invalidations',
      holds: loads <= keysTouched + invalidations,
      found: `${loads} loads, ${keysTouched} keys + ${invalidations} invalidations`,
    },
  ];
}
