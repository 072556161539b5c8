import { MemoryRateLimitClient } from './memory-client.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { RateLimiterOptions } from './rate-limiter-options.ts';

/** A limiter on a clock that the test moves. */
export function limiterAt(options: Partial<RateLimiterOptions> = {}) {
  const time = { now: 0 };
  const clock = { now: () => time.now };
  const client = new MemoryRateLimitClient({ clock });
  const limits = [{ limit: 2, per: '1s' }] as const;
  const limiter = new RateLimiter({ client, name: 'test', limits, ...clock, ...options });
  return { limiter, client, time };
}
