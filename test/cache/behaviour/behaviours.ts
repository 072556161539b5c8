import type { Cache, CacheOptions } from '@keyslot/cache';
import type { AnyKey } from '@keyslot/keys';

/** What a behaviour happens on: a cluster, or what stands in for one. */
export interface Store {
  /** Opens a cache as another process would have it, and waits until it is ready. It is closed after the test. */
  readonly open: (options?: Omit<CacheOptions, 'client'>) => Promise<Cache>;

  /** Has bytes under a key, as another program would leave them there. */
  readonly put: (key: AnyKey, bytes: Buffer) => Promise<void>;
}

/** Behaviours by what they promise, each a sentence that goes on where the group's name ends. */
export type Behaviours = Readonly<Record<string, (store: Store) => Promise<void>>>;
