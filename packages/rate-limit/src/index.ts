export {
  ConcurrencyLimiter,
  type ConcurrencyLimiterOptions,
  type LeaseResult,
} from './concurrency-limiter.ts';
export { type ConsumeAllRequest, type ConsumeAllResult, consumeAll } from './consume-all.ts';
export type { ConsumeOutcome, ConsumeRequest } from './consume-many.ts';
export {
  NoSubjectError,
  type RateLimitError,
  RateLimiterClosedError,
  RateLimitRangeError,
  RateLimitTimeoutError,
} from './errors.ts';
export type { HotOptions } from './hot-options.ts';
export type { Algorithm, LimitOptions } from './limit-options.ts';
export { MemoryRateLimitClient, type MemoryRateLimitClientOptions } from './memory-client.ts';
export type { RateLimitClient } from './rate-limit-client.ts';
export { RateLimiter } from './rate-limiter.ts';
export type { ConsumeOptions, RateLimiterOptions } from './rate-limiter-options.ts';
export type { DecidedBy, RateLimitResult, RateLimitState } from './result.ts';
export type { DecisionTold, RateLimitProblemTold } from './telling.ts';
export type { OnUnavailable } from './unavailable.ts';
export type { WaitOptions } from './wait-options.ts';
