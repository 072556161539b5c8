import { createMemoryCache, MemoryClient } from '@keyslot/cache';
import { test as base } from 'vitest';
import type { Store } from './behaviours.ts';
import { describeCache } from './describe-cache.ts';

const test = base.extend<{ store: Store }>({
  store: async ({ onTestFinished }, use) => {
    const client = new MemoryClient();
    const opened = new AsyncDisposableStack();
    onTestFinished(() => opened.disposeAsync());
    await use({
      open: async (options) => {
        const cache = opened.use(createMemoryCache({ ...options, client }));
        await cache.ready();
        return cache;
      },
      put: async ({ text }, bytes) => void (await client.call('set', [text, bytes, 'PX', 60_000])),
    });
  },
});

describeCache('a cache in memory', test);
