import { test as base } from '../fixtures.ts';
import type { Store } from './behaviours.ts';
import { describeCache } from './describe-cache.ts';

const test = base.extend<{ store: Store }>({
  store: async ({ cluster, open }, use) => {
    await use({
      open,
      put: async (key, bytes) => void (await cluster.primaryOf(key).admin.set(key.text, bytes, 'PX', 60_000)),
    });
  },
});

describeCache('a cache on a cluster', test);
