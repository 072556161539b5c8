import { describe, expect, it } from 'vitest';
import { Oracle } from './oracle.ts';
import { type Evidence, judgePromises } from './promises.ts';

const PLACE = 2_761_369;

/** Version 2 is committed at 10 000, version 3 at 20 000. */
function oracleWithHistory(): Oracle {
  const oracle = new Oracle({ boundMs: 2000 });
  oracle.learn([
    { placeId: PLACE, version: 3, committedAtMs: 20_000 },
    { placeId: PLACE, version: 2, committedAtMs: 10_000 },
  ]);
  return oracle;
}

describe('Oracle', () => {
  it.each([
    [1, 9_999],
    [1, 10_000],
    [2, 10_001],
    [2, 20_000],
    [3, 20_001],
    [3, 9_000_000],
  ])('finds version %d current for a request that began at %d', (version, startedAtMs) => {
    expect(oracleWithHistory().judge({ placeId: PLACE, version, startedAtMs })).toEqual({
      outcome: 'current',
    });
  });

  it('finds a newer version than there was when the request began current', () => {
    expect(oracleWithHistory().judge({ placeId: PLACE, version: 3, startedAtMs: 15_000 })).toEqual({
      outcome: 'current',
    });
  });

  it('tells for how long an answer had been superseded, within the bound', () => {
    expect(oracleWithHistory().judge({ placeId: PLACE, version: 1, startedAtMs: 12_000 })).toEqual({
      outcome: 'behind',
      staleMs: 2000,
    });
  });

  it('calls an answer stale that had been superseded for longer than the bound', () => {
    expect(oracleWithHistory().judge({ placeId: PLACE, version: 1, startedAtMs: 12_001 })).toEqual({
      outcome: 'stale',
      staleMs: 2001,
    });
  });

  it('counts from the first version that superseded the answer, not from the newest', () => {
    expect(oracleWithHistory().judge({ placeId: PLACE, version: 1, startedAtMs: 20_001 })).toEqual({
      outcome: 'stale',
      staleMs: 10_001,
    });
  });

  it.each([0, 4, 1.5, Number.NaN])('calls version %d uncommitted', (version) => {
    expect(oracleWithHistory().judge({ placeId: PLACE, version, startedAtMs: 30_000 })).toEqual({
      outcome: 'uncommitted',
    });
  });

  it('knows places that were never changed', () => {
    const oracle = oracleWithHistory();
    expect(oracle.judge({ placeId: 1, version: 1, startedAtMs: 30_000 })).toEqual({ outcome: 'current' });
    expect(oracle.judge({ placeId: 1, version: 2, startedAtMs: 30_000 })).toEqual({ outcome: 'uncommitted' });
  });

  it('refuses to judge by a log with a hole', () => {
    const oracle = new Oracle({ boundMs: 2000 });
    oracle.learn([{ placeId: PLACE, version: 3, committedAtMs: 20_000 }]);
    expect(() => oracle.judge({ placeId: PLACE, version: 1, startedAtMs: 30_000 })).toThrow(
      /has no version 2/,
    );
  });
});

describe('judgePromises', () => {
  const kept: Evidence = {
    errors: 0,
    reads: { current: 900, behind: 100, stale: 0, uncommitted: 0 },
    loads: 15,
    keysTouched: 10,
    invalidations: 5,
  };

  const broken = (change: Partial<Evidence>) =>
    judgePromises({ ...kept, ...change })
      .filter(({ holds }) => !holds)
      .map(({ promise }) => promise);

  it('holds for a run in which all was well', () => {
    expect(broken({})).toEqual([]);
  });

  it('is broken by one error', () => {
    expect(broken({ errors: 1 })).toEqual(['no request failed']);
  });

  it('is broken by one stale read', () => {
    expect(broken({ reads: { ...kept.reads, stale: 1 } })).toEqual([
      'no answer was older than what had been committed 2 s before its request',
    ]);
  });

  it('is broken by one answer that was never committed', () => {
    expect(broken({ reads: { ...kept.reads, uncommitted: 1 } })).toEqual([
      'no answer showed what was never committed',
    ]);
  });

  it('is broken by one load too many', () => {
    expect(broken({ loads: 16 })).toEqual(['no more loads than keys touched and invalidations']);
  });

  it('does not hold when nothing was read', () => {
    expect(broken({ reads: { current: 0, behind: 0, stale: 0, uncommitted: 0 } })).toHaveLength(1);
  });
});
