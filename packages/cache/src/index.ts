export type { Answer } from './answer.ts';
export { Cache } from './cache.ts';
export type { CacheClient } from './cache-client.ts';
export type { Codec } from './codec.ts';
export type { Instances, ValueType } from './codec-tagged.ts';
export type { CompressionOptions } from './entry-compression.ts';
export type { EncryptionKey, EncryptionOptions } from './entry-encryption.ts';
export type { FormatOptions } from './entry-options.ts';
export type { Schema, SchemaAnswer } from './entry-schema.ts';
export {
  CacheClosedError,
  type CacheError,
  EntryTooLargeError,
  FailedElsewhereError,
  InvalidTenantError,
  LoaderCycleError,
  LoaderFailedError,
  LoaderOverloadedError,
  type LoadersAllowed,
  LoaderTimeoutError,
  NothingStaleError,
  UnencodableValueError,
  WrongBatchError,
} from './errors.ts';
export type { EntryOptions } from './freshness.ts';
export type { WriteGuardOptions } from './guard-options.ts';
export type { Journey, Step } from './journey.ts';
export type { LoadContext, Stale } from './load-context.ts';
export type { LoaderOptions } from './loader-options.ts';
export type { Loader } from './loads.ts';
export { createMemoryCache, type MemoryCacheOptions } from './memory-cache.ts';
export { MemoryClient, type MemoryClientOptions } from './memory-client.ts';
export type { CacheOptions, LocalTierOptions } from './options.ts';
export type {
  DeleteResult,
  ExpireResult,
  GetOutcome,
  LoadOutcome,
  SetResult,
  TouchResult,
} from './outcomes.ts';
export type { ReadOptions } from './request.ts';
export type { InvalidationTold, ProblemTold } from './telling.ts';
export { type TenantAccess, tenantAccess } from './tenant-access.ts';
export type { TenantCache } from './tenant-cache.ts';
export type { BatchLoader } from './together.ts';
export type { SkipReason } from './write-guard.ts';
