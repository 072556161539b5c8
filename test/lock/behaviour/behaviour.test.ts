import { createMemoryLocks, MemoryLockClient } from '@keyslot/lock';
import { test as base } from 'vitest';
import type { Place } from './behaviours.ts';
import { describeLocks } from './describe-locks.ts';

const test = base.extend<{ place: Place }>({
  place: async ({ onTestFinished }, use) => {
    const client = new MemoryLockClient();
    const opened = new AsyncDisposableStack();
    onTestFinished(() => opened.disposeAsync());
    await use({
      open: async (options) => opened.use(createMemoryLocks({ ...options, client })),
      remembered: async () => client.size,
    });
  },
});

describeLocks('locks in memory', test);
