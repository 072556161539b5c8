import { randomUUID } from 'node:crypto';
import { ClusterClient } from '@keyslot/cluster';
import type { Duration } from '@keyslot/kernel';
import { RateLimiter, type RateLimiterOptions } from '@keyslot/rate-limit';
import { testWith } from '@keyslot/testkit/vitest';

/** How a test's limiter is made, beside the options of every limiter. */
interface OpenOptions extends Omit<RateLimiterOptions, 'client' | 'name'> {
  /** @default one that no other test uses */
  readonly name?: string;

  /** Long enough that a busy machine is not taken for an outage, unless the test is about outages. @default '2s' */
  readonly deadline?: Duration;
}

interface RateLimitFixtures {
  /** Opens a limiter on a client of its own, as another process would have it. Both are closed after the test. */
  open: (options: OpenOptions) => Promise<RateLimiter>;

  /** One client for all that a test does. */
  client: ClusterClient;
}

/** The testkit's `test`, with limiters, on a cluster whose failovers are quick. */
export const test = testWith({ nodeTimeoutMs: 1000 }).extend<RateLimitFixtures>({
  open: async ({ cluster }, use) => {
    await using opened = new AsyncDisposableStack();
    await use(async ({ name = newName(), deadline = '2s', ...options }) => {
      const client = opened.use(new ClusterClient({ nodes: cluster.addresses }));
      await client.ready('20s');
      return opened.use(new RateLimiter({ client, name, deadline, ...options }));
    });
  },

  client: async ({ cluster }, use) => {
    await using client = new ClusterClient({ nodes: cluster.addresses, deadline: '2s' });
    await client.ready('20s');
    await use(client);
  },
});

/** A limiter's name that no other test uses. */
export function newName(): string {
  return `test-${randomUUID()}`;
}
