import { describe, expect, it } from 'vitest';
import { Jury } from './jury.ts';
import type { Commit } from './oracle.ts';

/** A log that is read at a time of one's choice. */
function logOf(commits: readonly Commit[]) {
  return {
    time: 0,
    now() {
      return this.time;
    },
    async since(timeMs: number) {
      return commits.filter(({ committedAtMs }) => committedAtMs >= timeMs && committedAtMs <= this.time);
    },
  };
}

const commits: Commit[] = [
  { placeId: 1, version: 2, committedAtMs: 10_000 },
  { placeId: 1, version: 3, committedAtMs: 60_000 },
];

describe('Jury', () => {
  it('keeps fresh reads until all commits before them are surely known', async () => {
    const log = logOf(commits);
    const jury = new Jury(log);
    log.time = 12_000;
    await jury.judge([{ placeId: 1, version: 2, startedAtMs: 11_000 }], { all: false });
    expect(jury.verdicts.current).toBe(0);

    log.time = 17_000;
    await jury.judge([], { all: false });
    expect(jury.verdicts).toEqual({ current: 1, behind: 0, stale: 0, uncommitted: 0 });
  });

  it('judges everything at the end', async () => {
    const log = logOf(commits);
    log.time = 60_100;
    const jury = new Jury(log);
    await jury.judge(
      [
        { placeId: 1, version: 3, startedAtMs: 60_050 },
        { placeId: 1, version: 2, startedAtMs: 60_050 },
        { placeId: 1, version: 1, startedAtMs: 60_050 },
        { placeId: 1, version: 9, startedAtMs: 60_050 },
      ],
      { all: true },
    );
    expect(jury.verdicts).toEqual({ current: 1, behind: 1, stale: 1, uncommitted: 1 });
    expect(jury.ages).toEqual({
      current: 1,
      behind: [10, 50, 100, 500, 1000, 2000, null].map((upToMs) => ({
        upToMs,
        count: upToMs === 50 || upToMs === null ? 1 : 0,
      })),
      oldestMs: 50_050,
    });
  });
});
