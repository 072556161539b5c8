import type { Clock } from '@keyslot/kernel';
import { ManualClock } from '@keyslot/testkit';
import { describe, expect, it } from 'vitest';
import { LocalTier, type LocalTierSettings } from './local-tier.ts';

const FAR = Number.MAX_SAFE_INTEGER;

/** What an entry in the cluster says, without grace. */
const entry = (value: unknown, freshUntil: number, bytes: number) => ({
  value,
  writtenAt: 0,
  freshUntil,
  staleUntil: freshUntil,
  bytes,
});

function standing(settings: Partial<LocalTierSettings> = {}, clock: Clock = new ManualClock()) {
  const tier = new LocalTier({ ttlMs: 1_000, maxEntries: 10, maxBytes: 1_000, ...settings }, clock);
  tier.stand(true);
  return tier;
}

describe('the local tier', () => {
  it.each([[null], [false], [0], [''], [undefined]])('tells a kept %j from a miss', (value) => {
    const tier = standing();
    tier.keep('a', entry(value, FAR, 1));
    expect(tier.get('a')).toMatchObject({ value });
    expect(tier.get('b')).toBeUndefined();
  });

  it('serves nothing and keeps nothing while messages do not arrive', () => {
    const tier = new LocalTier({ ttlMs: 1_000, maxEntries: 10, maxBytes: 1_000 }, new ManualClock());
    tier.keep('a', entry(1, FAR, 1));
    tier.stand(true);
    expect(tier.get('a')).toBeUndefined();
  });

  it.each([[false], [true]])(
    'forgets what it kept before a gap, also one that it heard of late (%s)',
    (stands) => {
      const tier = standing();
      tier.keep('a', entry(1, FAR, 1));
      tier.stand(stands);
      tier.stand(true);
      expect(tier.get('a')).toBeUndefined();
    },
  );

  it('forgets a key', () => {
    const tier = standing();
    tier.keep('a', entry(1, FAR, 1));
    tier.keep('b', entry(2, FAR, 1));
    tier.forget('a');
    expect([tier.get('a'), tier.get('b')?.value]).toEqual([undefined, 2]);
  });

  it('keeps nothing when it is switched off', () => {
    const tier = new LocalTier(undefined, new ManualClock());
    tier.stand(true);
    tier.keep('a', entry(1, FAR, 1));
    tier.forget('a');
    expect(tier.get('a')).toBeUndefined();
  });
});

describe('a value in memory lives', () => {
  it('for the time that was set', async () => {
    const clock = new ManualClock(5_000);
    const tier = standing({}, clock);
    tier.keep('a', entry(1, FAR, 1));
    await clock.advance(999);
    expect(tier.get('a')?.value).toBe(1);
    await clock.advance(1);
    expect(tier.get('a')).toBeUndefined();
  });

  it('no longer than it is fresh in the cluster', async () => {
    const clock = new ManualClock(5_000);
    const tier = standing({}, clock);
    tier.keep('a', entry(1, 5_100, 1));
    tier.keep('b', entry(1, 5_000, 1));
    tier.keep('c', entry(1, Number.NaN, 1));
    expect([tier.get('a')?.value, tier.get('b'), tier.get('c')]).toEqual([1, undefined, undefined]);
    await clock.advance(100);
    expect(tier.get('a')).toBeUndefined();
  });

  it('no longer because the clock is set back', () => {
    let now = 1_000_000;
    const tier = standing({}, { now: () => now, sleep: () => Promise.resolve() });
    tier.keep('a', entry(1, FAR, 1));
    now -= 500_000;
    expect(tier.get('a')).toBeUndefined();
  });
});

describe('the local tier is bounded', () => {
  it('by entries: the least recently used goes first', () => {
    const tier = standing({ maxEntries: 2 });
    tier.keep('a', entry(1, FAR, 1));
    tier.keep('b', entry(2, FAR, 1));
    tier.get('a');
    tier.keep('c', entry(3, FAR, 1));
    expect([tier.get('a')?.value, tier.get('b'), tier.get('c')?.value]).toEqual([1, undefined, 3]);
  });

  it('by bytes', () => {
    const tier = standing({ maxBytes: 100 });
    tier.keep('a', entry(1, FAR, 60));
    tier.keep('b', entry(2, FAR, 60));
    expect([tier.get('a'), tier.get('b')?.value]).toEqual([undefined, 2]);
  });

  it('and a value that is larger than all of it takes the place of nothing but its own', () => {
    const tier = standing({ maxBytes: 100 });
    tier.keep('a', entry(1, FAR, 10));
    tier.keep('b', entry(2, FAR, 10));
    tier.keep('b', entry(3, FAR, 101));
    expect([tier.get('a')?.value, tier.get('b')]).toEqual([1, undefined]);
  });
});
