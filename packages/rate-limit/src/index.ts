export {
  ConcurrencyLimiter,
  type ConcurrencyLimiterOptions,
  type LeaseResult,
} from './concurrency-limiter.ts';
export { type ConsumeAllRequest, type ConsumeAllResult, consumeAll } from './consume-all.ts';
export { type RateLimitError, RateLimitRangeError } from './errors.ts';
export type { Algorithm, LimitOptions } from './limit-options.ts';
export { MemoryRateLimitClient, type MemoryRateLimitClientOptions } from './memory-client.ts';
export type { RateLimitClient } from './rate-limit-client.ts';
export { type ConsumeOutcome, type ConsumeRequest, RateLimiter } from './rate-limiter.ts';
export type { ConsumeOptions, RateLimiterOptions } from './rate-limiter-options.ts';
export type { DecidedBy, RateLimitResult, RateLimitState } from './result.ts';
export type { DecisionTold, RateLimitProblemTold } from './telling.ts';
export type { OnUnavailable } from './unavailable.ts';
