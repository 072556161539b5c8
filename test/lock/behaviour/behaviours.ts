import type { Locks, LocksOptions } from '@keyslot/lock';

/** What a behaviour happens on: a cluster, or what stands in for one. */
export interface Place {
  /** Opens locks as another process would have them. They are closed after the test. */
  readonly open: (options?: Omit<LocksOptions, 'client'>) => Promise<Locks>;

  /** How many resources the place remembers. */
  readonly remembered: () => Promise<number>;
}

/** Behaviours by what they promise, each a sentence that goes on where the group's name ends. */
export type Behaviours = Readonly<Record<string, (place: Place) => Promise<void>>>;
