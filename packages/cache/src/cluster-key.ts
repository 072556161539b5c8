import type { KeyLike } from '@keyslot/cluster';

/** A key as the cluster sees it. */
export type ClusterKey = Exclude<KeyLike, string>;
