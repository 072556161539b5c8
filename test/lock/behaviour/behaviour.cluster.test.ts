import { test as base } from '../fixtures.ts';
import type { Place } from './behaviours.ts';
import { describeLocks } from './describe-locks.ts';

const test = base.extend<{ place: Place }>({
  place: async ({ cluster, open }, use) => {
    await use({
      open,
      remembered: async () => {
        const sizes = await Promise.all(cluster.primaries.map(({ admin }) => admin.dbsize()));
        return sizes.reduce((sum, size) => sum + size, 0);
      },
    });
  },
});

describeLocks('locks on a cluster', test);
