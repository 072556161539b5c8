import type { Clock } from '@keyslot/kernel';
import type { ClusterTier } from './cluster-tier.ts';
import type { Flights } from './flights.ts';
import type { Invalidations } from './invalidations.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { Loads } from './loads.ts';
import type { LocalTier } from './local-tier.ts';
import type { Namespace } from './namespace.ts';
import type { Guarding } from './no-guard.ts';
import type { Settings } from './options.ts';
import type { Removal } from './removal.ts';
import type { Storing } from './storing.ts';

/** What a read passes on its way. */
export interface Stations {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly namespace: Namespace;
  readonly local: LocalTier;
  readonly flights: Flights;
  readonly tier: ClusterTier;
  readonly leases: LeaseKeeper;
  readonly guard: Guarding;
  readonly loads: Loads;
  readonly storing: Storing;
  readonly removal: Removal;
  readonly invalidations: Invalidations;
}
