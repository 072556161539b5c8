import { ClusterClient } from '@keyslot/cluster';
import { RateLimiter, type RateLimiterOptions } from '@keyslot/rate-limit';
import type { Decider } from './decider.ts';

type Choices = Omit<RateLimiterOptions, 'client' | 'name' | 'limits'>;

/** Every decision asks the cluster: beside an equal script, and others that have no memory. */
export const keyslot: Decider = openWith('keyslot', 'consume', { rememberDenials: 0 });

/** As it is by default. */
export const keyslotRemembering: Decider = openWith('keyslot', 'consume, denials remembered', {});

/** With what is meant for subjects that one process asks for more than a thousand times a second. */
export const keyslotHot: Decider = openWith('keyslot', 'consume, hot, denials remembered', { hot: {} });

function openWith(name: string, call: string, choices: Choices): Decider {
  return {
    name,
    package: '@keyslot/rate-limit',
    call,
    async open(addresses) {
      const client = new ClusterClient({ nodes: addresses });
      await client.ready('20s');
      return {
        decides({ name: limiterName, limit, perSeconds }) {
          const limits = [{ limit, per: perSeconds * 1000 }];
          const limiter = new RateLimiter({ client, name: limiterName, limits, ...choices });
          return async (subject) => (await limiter.consume(subject)).allowed;
        },
        [Symbol.asyncDispose]: () => client.close(),
      };
    },
  };
}
