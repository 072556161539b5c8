export { type RateLimitError, RateLimitRangeError } from './errors.ts';
export type { Algorithm, LimitOptions } from './limit-options.ts';
export type { RateLimitClient } from './rate-limit-client.ts';
export { type ConsumeOutcome, type ConsumeRequest, RateLimiter } from './rate-limiter.ts';
export type { ConsumeOptions, RateLimiterOptions } from './rate-limiter-options.ts';
export type { DecidedBy, RateLimitResult, RateLimitState } from './result.ts';
export type { DecisionTold, RateLimitProblemTold } from './telling.ts';
export type { OnUnavailable } from './unavailable.ts';
