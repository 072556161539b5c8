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
  askedAt: 0,
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

  it('for that time from when it was asked for, however late the process came to read the answer', async () => {
    const clock = new ManualClock(5_000);
    const tier = standing({}, clock);
    await clock.advance(700);
    tier.keep('a', entry(1, FAR, 1));
    await clock.advance(299);
    expect(tier.get('a')?.value).toBe(1);
    await clock.advance(1);
    expect(tier.get('a')).toBeUndefined();
    tier.keep('a', entry(1, FAR, 1));
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

  it.each([[-500_000], [-300], [300], [500_000]])(
    'as long as it would have, though the clock is set by %i ms meanwhile',
    async (byMs) => {
      const clock = new ManualClock(1_000_000);
      const tier = standing({}, clock);
      tier.keep('a', { ...entry(1, FAR, 1), staleUntil: 1_000_000 + 2_000 });
      await clock.advance(500);
      clock.set(clock.now() + byMs);
      await clock.advance(499);
      expect(tier.get('a')?.value).toBe(1);
      await clock.advance(1);
      expect(tier.get('a')).toBeUndefined();
      await clock.advance(999);
      expect(tier.stale('a')?.value).toBe(1);
      await clock.advance(1);
      expect(tier.stale('a')).toBeUndefined();
    },
  );
});

describe('a value in memory is served', () => {
  const schemaOf = (isGood: boolean | (() => never)) => ({
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: () => {
        if (typeof isGood === 'function') return isGood();
        return isGood ? {} : { issues: ['no'] };
      },
    },
  });
  const [good, bad] = [schemaOf(true), schemaOf(false)];

  it('to those who expect its version, also as a stale one', async () => {
    const clock = new ManualClock();
    const tier = standing({}, clock);
    tier.keep('none', entry(1, FAR, 1));
    tier.keep('two', entry(2, FAR, 1), { version: 2 });
    const served = (how: 'get' | 'stale') =>
      ['none', 'two'].map((id) =>
        [undefined, { version: 0 }, { version: 1 }, { version: 2 }].map((each) => tier[how](id, each)?.value),
      );
    const byVersion = [
      [1, 1, undefined, undefined],
      [undefined, undefined, undefined, 2],
    ];
    expect(served('get')).toEqual(byVersion);
    await clock.advance(1_000);
    expect(served('stale')).toEqual(byVersion);
  });

  it('to those whose schema it fits; the schema that it was read with is not asked again', () => {
    const tier = standing();
    const asked = schemaOf(() => {
      throw new Error('asked');
    });
    tier.keep('a', entry(1, FAR, 1), { schema: asked });
    const served = [undefined, asked, good, bad, schemaOf(asked['~standard'].validate as () => never)].map(
      (schema) => tier.get('a', { schema })?.value,
    );
    expect(served).toEqual([1, 1, 1, undefined, undefined]);
  });

  it('to nobody who wants the right schema and another version', () => {
    const tier = standing();
    tier.keep('a', entry(1, FAR, 1), { schema: good, version: 1 });
    expect(tier.get('a', { schema: good, version: 2 })).toBeUndefined();
    expect(tier.get('a', { schema: bad, version: 1 })).toBeUndefined();
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
