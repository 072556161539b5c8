import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createMemoryLocks } from './memory-locks.ts';

describe('what is held', () => {
  it('does not tell what is locked when it is printed', async () => {
    await using locks = createMemoryLocks({ namespace: 'shop' });
    await using lock = await locks.acquire('secret');
    await using group = await locks.acquireAll(['secret:1', 'secret:2']);
    await using permit = await locks.semaphore('secret', { permits: 1 }).acquire();
    for (const held of [lock, group, permit, locks]) {
      expect(inspect(held, { depth: null, showHidden: true, getters: true })).not.toContain('secret');
      expect(JSON.stringify(held)).not.toContain('secret');
    }
    expect(JSON.parse(JSON.stringify(lock))).toEqual({
      template: 'lock:{<resource>}',
      fencing: lock.fencing,
    });
  });
});
