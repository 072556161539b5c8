import { randomUUID } from 'node:crypto';
import { Cache, type CacheOptions } from '@keyslot/cache';
import { ClusterClient, type ConnectionOptions } from '@keyslot/cluster';
import type { Duration } from '@keyslot/kernel';
import { type Key, key } from '@keyslot/keys';
import type { TestCluster, TestNode } from '@keyslot/testkit';
import { test as withCluster } from '@keyslot/testkit/vitest';

/** How a test's cache is made, beside the options of every cache. */
export interface OpenOptions extends Omit<CacheOptions, 'client'> {
  /** Long enough that a busy machine is not taken for an outage, unless the test is about outages. @default '2s' */
  readonly deadline?: Duration;

  /** Credentials of its connections. */
  readonly connection?: ConnectionOptions;

  /** Whether to wait until the cache is ready. @default true */
  readonly ready?: boolean;
}

interface CacheFixtures {
  /** Opens a cache on a client of its own, as another process would have it. Both are closed after the test. */
  open: (options?: OpenOptions) => Promise<Cache>;
}

/** The testkit's `test`, with caches. */
export const test = withCluster.extend<CacheFixtures>({
  open: async ({ cluster }, use) => {
    await using opened = new AsyncDisposableStack();
    await use(async ({ deadline = '2s', connection = {}, ready = true, ...options } = {}) => {
      const client = opened.use(new ClusterClient({ nodes: cluster.addresses, deadline, connection }));
      const cache = opened.use(new Cache({ client, ...options }));
      if (ready) await cache.ready('20s');
      return cache;
    });
  },
});

const thing = key('test:things:{<id>}').holds<string | null>();

/** A key that no other test uses. */
export function newKey(): Key<string | null> {
  return thing({ id: randomUUID() });
}

/** One that lies on a certain shard, by the primary that it has now. */
export function newKeyOn(cluster: TestCluster, primary: TestNode): Key<string | null> {
  for (let tries = 0; tries < 10_000; tries++) {
    const candidate = newKey();
    if (cluster.primaryOf(candidate) === primary) return candidate;
  }
  throw new Error(`${primary.toString()} serves no slot`);
}
