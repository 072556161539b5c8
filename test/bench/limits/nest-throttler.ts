import { once } from 'node:events';
import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { Cluster } from 'ioredis';
import type { Decider } from './decider.ts';

/** What the throttler's guard asks of its storage for each request; the guard's own work is left out, in its favour. */
export const nestThrottler: Decider = {
  name: '@nestjs/throttler',
  package: '@nestjs/throttler',
  call: 'throttler-storage-redis: increment',
  async open(addresses) {
    const cluster = new Cluster([...addresses]);
    await once(cluster, 'ready');
    const storage: ThrottlerStorage = new ThrottlerStorageRedisService(cluster);
    return {
      decides({ name, limit, perSeconds }) {
        const ms = perSeconds * 1000;
        return async (subject) => !(await storage.increment(subject, ms, limit, ms, name)).isBlocked;
      },
      async [Symbol.asyncDispose]() {
        cluster.disconnect();
      },
    };
  },
};
