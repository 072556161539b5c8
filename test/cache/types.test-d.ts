import {
  type Cache,
  type CacheClient,
  type MemoryCacheOptions,
  MemoryClient,
  type TenantCache,
} from '@keyslot/cache';
import type { ClusterClient } from '@keyslot/cluster';
import { expectTypeOf } from 'vitest';

/*
 * What the compiler promises about caches. Nothing here runs: `tsc -p test/tsconfig.json --noEmit` is the test, and
 * an error that stops happening fails it like one that begins.
 */

// Both are clients for a cache; the stand-in is not mistaken for a real one.
expectTypeOf<ClusterClient>().toExtend<CacheClient>();
expectTypeOf<MemoryClient>().toExtend<CacheClient>();
expectTypeOf<MemoryClient>().not.toExtend<ClusterClient>();

// A cache in memory is not put on a cluster by mistake.
declare const cluster: ClusterClient;
expectTypeOf<{ client: typeof cluster }>().not.toExtend<MemoryCacheOptions>();
expectTypeOf({ client: new MemoryClient(), ttl: '5m' } as const).toExtend<MemoryCacheOptions>();

type OfTheWhole = 'ready' | 'close' | 'forTenant' | typeof Symbol.asyncDispose;

// A tenant has all of a cache but its beginning and end: of a new method it is decided here whether it is a tenant's.
expectTypeOf<keyof TenantCache>().toEqualTypeOf<Exclude<keyof Cache, OfTheWhole>>();
expectTypeOf<Pick<Cache, keyof TenantCache>>().toEqualTypeOf<TenantCache>();
