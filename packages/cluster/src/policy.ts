import type { BreakerSettings } from './breaker.ts';

/** How many calls a node is trusted with. */
interface BulkheadSettings {
  readonly inFlight: number;
  readonly queue: number;
}

/** Checked settings of what stands between calls and a node. */
export interface Policy {
  readonly breaker: BreakerSettings;
  readonly bulkhead: BulkheadSettings;
}
