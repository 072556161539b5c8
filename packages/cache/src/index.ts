export { Cache, type SetResult } from './cache.ts';
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
  LoaderFailedError,
  UnencodableValueError,
} from './errors.ts';
export type { WriteGuardOptions } from './guard-options.ts';
export type { DeleteResult } from './invalidations.ts';
export type { Journey, Step } from './journey.ts';
export { createMemoryCache, type MemoryCacheOptions } from './memory-cache.ts';
export { MemoryClient, type MemoryClientOptions } from './memory-client.ts';
export type { CacheOptions, EntryOptions, LocalTierOptions } from './options.ts';
export type { Loader } from './read-through.ts';
export type { InvalidationTold, ProblemTold } from './telling.ts';
export type { SkipReason } from './write-guard.ts';
