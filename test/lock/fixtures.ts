import { ClusterClient, type ConnectionOptions } from '@keyslot/cluster';
import type { Duration } from '@keyslot/kernel';
import { Locks, type LocksOptions } from '@keyslot/lock';
import { test as withCluster } from '@keyslot/testkit/vitest';

/** How a test's locks are made, beside the options of all locks. */
interface OpenOptions extends Omit<LocksOptions, 'client'> {
  /** Long enough that a busy machine is not taken for an outage, unless the test is about outages. @default '2s' */
  readonly deadline?: Duration;

  /** Credentials of its connections. */
  readonly connection?: ConnectionOptions;
}

interface LockFixtures {
  /** Opens locks on a client of their own, as another process would have them. Both are closed after the test. */
  open: (options?: OpenOptions) => Promise<Locks>;
}

/** The testkit's `test`, with locks. */
export const test = withCluster.extend<LockFixtures>({
  open: async ({ cluster }, use) => {
    await using opened = new AsyncDisposableStack();
    await use(async ({ deadline = '2s', connection = {}, ...options } = {}) => {
      const client = opened.use(new ClusterClient({ nodes: cluster.addresses, deadline, connection }));
      const locks = opened.use(new Locks({ client, ...options }));
      await client.ready('20s');
      return locks;
    });
  },
});
