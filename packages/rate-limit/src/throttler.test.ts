import { expect, it } from 'vitest';
import { MemoryRateLimitClient } from './memory-client.ts';
import { KeyslotThrottlerStorage } from './throttler.ts';

it('counts without a cluster, by the clock that it was given', async () => {
  let now = 0;
  const client = new MemoryRateLimitClient({ clock: { now: () => now } });
  const storage = new KeyslotThrottlerStorage({ client });
  const hit = (tracker = 'a') => storage.increment(tracker, 10_000, 1, 5_000, 'default');

  expect(await hit()).toEqual({ totalHits: 1, timeToExpire: 10, isBlocked: false, timeToBlockExpire: 0 });
  now = 7_000;
  expect(await hit()).toEqual({ totalHits: 2, timeToExpire: 5, isBlocked: true, timeToBlockExpire: 5 });
  expect(await hit('b')).toMatchObject({ totalHits: 1, isBlocked: false });
  now = 11_999;
  expect(await hit()).toEqual({ totalHits: 2, timeToExpire: 1, isBlocked: true, timeToBlockExpire: 1 });
  now = 12_000;
  expect(await hit()).toEqual({ totalHits: 1, timeToExpire: 10, isBlocked: false, timeToBlockExpire: 0 });
});

it('without a block denies to the end of the window', async () => {
  let now = 0;
  const storage = new KeyslotThrottlerStorage({
    client: new MemoryRateLimitClient({ clock: { now: () => now } }),
  });
  const hit = () => storage.increment('a', 10_000, 1, 0, 'default');
  await hit();
  now = 4_000;
  for (let i = 0; i < 2; i++)
    expect(await hit()).toEqual({ totalHits: 2, timeToExpire: 6, isBlocked: true, timeToBlockExpire: 6 });
  now = 10_000;
  expect(await hit()).toMatchObject({ totalHits: 1, isBlocked: false });
});
