export { FlexibleRateLimiter } from './flexible/flexible-rate-limiter.ts';
export type { FlexibleRateLimiterOptions, InsuranceLimiter, PointsOptions } from './flexible/options.ts';
export { RateLimiterRes } from './flexible/rate-limiter-res.ts';
