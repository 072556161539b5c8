import { ManualClock } from '@keyslot/testkit';
import { expect, it } from 'vitest';
import { MemoryLockClient } from './memory-lock-client.ts';
import { createMemoryLocks } from './memory-locks.ts';
import { lockKeyOf } from './resource.ts';
import { CLAIM_MS } from './returns.ts';
import { acquire } from './scripts/index.ts';
import { newToken } from './token.ts';

/** How long one who waits behind some who are dead gets no lock that is free, in milliseconds. */
async function delayBehind(dead: number): Promise<number> {
  const clock = new ManualClock(1_700_000_000_000);
  const client = new MemoryLockClient({ clock });
  await using locks = createMemoryLocks({ client });
  const lock = await locks.acquire('order:42');
  for (let i = 0; i < dead; i++) {
    const args = { token: newToken(), limit: 0, ttlMs: 10_000, stayMs: 5_000, claimMs: CLAIM_MS, keepMs: 0 };
    await client.run(acquire, { lock: lockKeyOf('lock', '', 'order:42') }, args);
  }
  const state = { served: false };
  const next = locks.acquire('order:42', { wait: '1m' }).then(async (taken) => {
    state.served = true;
    await taken.release();
  });
  await clock.advance(20);
  await lock.release();
  const at = clock.monotonic();
  while (!state.served && clock.monotonic() - at < 60_000) await clock.advance(10);
  await next;
  return clock.monotonic() - at;
}

it('delays one who waits behind the dead by a claim for each, and no longer than they have a place', async () => {
  expect(await delayBehind(0)).toBeLessThan(CLAIM_MS);
  const few = await delayBehind(4);
  expect(few).toBeGreaterThanOrEqual(3 * CLAIM_MS);
  expect(few).toBeLessThan(3_000);
  expect(await delayBehind(100)).toBeLessThan(7_000);
});
