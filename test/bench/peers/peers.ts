import { asyncCacheDedupe } from './async-cache-dedupe.ts';
import { bentocache } from './bentocache.ts';
import { cacheable } from './cacheable.ts';
import { cachified } from './cachified.ts';
import { ioredis } from './ioredis.ts';
import { keyslot } from './keyslot.ts';
import { layeredLoader } from './layered-loader.ts';
import { nestCacheManager } from './nest-cache-manager.ts';
import type { Peer } from './peer.ts';

/** All that are measured; the first is what the others are compared with. */
export const PEERS: readonly [Peer, ...Peer[]] = [
  ioredis,
  bentocache,
  cacheable,
  layeredLoader,
  asyncCacheDedupe,
  cachified,
  nestCacheManager,
  keyslot,
];
