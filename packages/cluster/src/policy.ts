import type { BreakerSettings } from './breaker.ts';

/** How many calls a node is trusted with. */
interface BulkheadSettings {
  readonly inFlight: number;
  readonly queue: number;
}

/**
 * For how long a node's connection may be silent before it is given up: for as long as the longest deadline of the calls
 * that it was sent, within these limits.
 */
interface SilenceSettings {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Checked settings of what stands between calls and a node. */
export interface Policy {
  readonly breaker: BreakerSettings;
  readonly bulkhead: BulkheadSettings;

  /** `undefined`: connections are not given up here. */
  readonly silence?: SilenceSettings;
}
