import { once } from 'node:events';
import { Cluster } from 'ioredis';
import { type IRateLimiterRedisOptions, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Decider } from './decider.ts';

/** The set-up of its documentation for ioredis: without offline queue. Its script is one command (`defineCommand`). */
export const flexible: Decider = openWith('RateLimiterRedis', () => ({}));

/** With what its documentation recommends against repeat offenders. */
export const flexibleBlocking: Decider = openWith('RateLimiterRedis, inMemoryBlock', (limit) => ({
  inMemoryBlockOnConsumed: limit + 1,
}));

function openWith(call: string, more: (limit: number) => Partial<IRateLimiterRedisOptions>): Decider {
  return {
    name: 'rate-limiter-flexible',
    package: 'rate-limiter-flexible',
    call,
    async open(addresses) {
      const storeClient = new Cluster([...addresses], { enableOfflineQueue: false });
      await once(storeClient, 'ready');
      return {
        decides({ name, limit, perSeconds }) {
          const limiter = new RateLimiterRedis({
            storeClient,
            keyPrefix: name,
            points: limit,
            duration: perSeconds,
            ...more(limit),
          });
          return (subject) =>
            limiter.consume(subject).then(
              () => true,
              (denial: unknown) => {
                if (denial instanceof RateLimiterRes) return false;
                throw denial;
              },
            );
        },
        async [Symbol.asyncDispose]() {
          storeClient.disconnect();
        },
      };
    },
  };
}
