import type { Stats } from '../stats/stats.ts';
import type { Ages } from './jury.ts';
import type { AnswerTimes, Phase, PhaseReport } from './phases.ts';
import type { Evidence, Finding } from './promises.ts';
import { judgePromises } from './promises.ts';
import { grouped, milliseconds, phaseTable } from './tables.ts';

/** What a run has shown; written by `--json` as it is. */
export interface Summary {
  /** Whether all promises held. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly evidence: Evidence;

  /** What the cluster and the database were. */
  readonly cluster: string;
  readonly database: 'embedded' | 'server';

  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
  readonly phases: readonly PhaseReport[];

  /** How old the answers were. */
  readonly ages: Ages;

  /** By how much the two ends' clocks may differ in the ages above. */
  readonly clockUncertaintyMs: number;

  readonly instances: readonly Stats[];

  /** What went wrong for callers, and how often. */
  readonly errors: Readonly<Record<string, number>>;
}

/** What a summary is made of. */
export interface SummaryInput
  extends Pick<
    Summary,
    | 'cluster'
    | 'database'
    | 'seconds'
    | 'requestsPerSecond'
    | 'ages'
    | 'clockUncertaintyMs'
    | 'instances'
    | 'errors'
  > {
  readonly times: AnswerTimes;
  readonly phases: readonly Phase[];
  readonly reads: Evidence['reads'];
  readonly keysTouched: number;
}

export function summarise({ times, phases, reads, keysTouched, ...input }: SummaryInput): Summary {
  const sum = (pick: (cache: Stats['cache']) => number) =>
    input.instances.reduce((total, { cache }) => total + pick(cache), 0);
  const evidence: Evidence = {
    errors: times.errors,
    reads,
    loads: sum(({ loads }) => loads),
    keysTouched,
    invalidations: sum(({ invalidations }) => invalidations),
  };
  const findings = judgePromises(evidence);
  return {
    ok: findings.every(({ holds }) => holds),
    findings,
    evidence,
    ...input,
    requests: times.requests,
    p50Ms: times.percentileMs(50),
    p99Ms: times.percentileMs(99),
    slowestMs: times.slowestMs,
    phases: phases.map((phase) => phase.report()),
  };
}

/** The summary for people. */
export function describeSummary({ phases, ages, findings, errors, instances, ...summary }: Summary): string {
  const away = instances.reduce((total, { cache }) => total + cache.loadsKeptNowhere, 0);
  return [
    phaseTable(phases),
    '',
    `Answers: ${grouped(summary.requests)}, p50 ${milliseconds(summary.p50Ms)}, p99 ${milliseconds(summary.p99Ms)}, slowest ${milliseconds(summary.slowestMs)}`,
    `Ages of the places shown (±${milliseconds(summary.clockUncertaintyMs)}): ${describeAges(ages)}`,
    ...(away > 0 ? [`Loads that were kept nowhere because a shard was away: ${grouped(away)}`] : []),
    '',
    ...findings.map(({ holds, promise, found }) => `${holds ? '✓' : '✗'} ${promise}: ${found}`),
    ...Object.entries(errors).map(([error, count]) => `  ${count} × ${error}`),
  ].join('\n');
}

function describeAges({ current, behind, oldestMs }: Ages): string {
  const classes = behind
    .filter(({ count }) => count > 0)
    .map(({ upToMs, count }) => `${grouped(count)} ${upToMs === null ? 'older' : `≤ ${upToMs} ms`}`);
  return [
    `${grouped(current)} current`,
    ...classes,
    ...(oldestMs > 0 ? [`oldest ${milliseconds(oldestMs)}`] : []),
  ].join(', ');
}
