import { channel } from 'node:diagnostics_channel';

/** One station on a request's way, in the order in which they are passed. */
export type Step =
  | { readonly at: 'local'; readonly outcome: 'hit' | 'miss' }
  | { readonly at: 'flight'; readonly outcome: 'joined' }
  | {
      readonly at: 'cluster';
      readonly outcome: 'hit' | 'stale' | 'miss' | 'leased' | 'failed' | 'undecodable' | 'doubtful' | 'away';
    }
  | { readonly at: 'replica'; readonly outcome: 'hit' | 'miss' | 'away' }
  | { readonly at: 'memory'; readonly outcome: 'stale' }
  | { readonly at: 'lease'; readonly outcome: 'leader' | 'hit' | 'doubtful' | 'failed' | 'gave-up' | 'away' }
  | {
      readonly at: 'refresh';
      readonly outcome: 'behind' | 'joined' | 'elected' | 'somebody-else' | 'failed' | 'unknown' | 'late';
    }
  | { readonly at: 'loader'; readonly outcome: 'loaded' | 'failed' }
  | { readonly at: 'guard'; readonly outcome: 'no-lease' | 'shortened' | 'skipped' }
  | { readonly at: 'fill'; readonly outcome: 'filled' | 'superseded' | 'unknown' };

/** What is told about one read. It holds the key's template, never the key. */
export interface Journey {
  readonly template: string;
  readonly steps: Step[];
}

const journeys = channel('keyslot:cache.journey');

/** A journey to write steps into, or nothing while nobody listens. */
export function newJourney(template: string): Journey | undefined {
  return journeys.hasSubscribers ? { template, steps: [] } : undefined;
}

export function tellJourney(journey: Journey | undefined): void {
  if (journey !== undefined) journeys.publish(journey);
}

/** Notes a station that was passed. */
export function pass(journey: Journey | undefined, step: Step): void {
  journey?.steps.push(step);
}
