export { Cache, type SetResult } from './cache.ts';
export { CacheClosedError, type CacheError, LoaderFailedError, UnencodableValueError } from './errors.ts';
export type { WriteGuardOptions } from './guard-options.ts';
export type { DeleteResult } from './invalidations.ts';
export type { Journey, Step } from './journey.ts';
export type { CacheOptions, EntryOptions, LocalTierOptions } from './options.ts';
export type { Loader } from './read-through.ts';
export type { InvalidationTold, ProblemTold } from './telling.ts';
export type { SkipReason } from './write-guard.ts';
