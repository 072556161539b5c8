import Table from 'cli-table3';
import type { Stats } from '../stats/stats.ts';
import type { AnswerTimes, PhaseReport } from './phases.ts';

/** Without lines between the rows, and without colours, which not every terminal shows. */
const STYLE = {
  style: { head: [] as string[], border: [] as string[] },
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
};

/** The instances side by side, and what their callers see. */
export function liveTable(instances: readonly Stats[], callers: AnswerTimes): string {
  const table = new Table({
    head: ['', 'requests', 'local hits', 'cluster hits', 'loads', 'invalidations', 'errors', 'p50', 'p99'],
    colAligns: ['left', ...Array.from({ length: 8 }, () => 'right' as const)],
    ...STYLE,
  });
  for (const [index, { requests, errors, cache }] of instances.entries()) {
    table.push([
      `instance ${index + 1}`,
      ...[requests, cache.localHits, cache.clusterHits, cache.loads, cache.invalidations, errors].map(
        grouped,
      ),
      '',
      '',
    ]);
  }
  table.push([
    'callers',
    grouped(callers.requests),
    '',
    '',
    '',
    '',
    grouped(callers.errors),
    milliseconds(callers.percentileMs(50)),
    milliseconds(callers.percentileMs(99)),
  ]);
  return table.toString();
}

/** The same in one line, for output that is not a terminal. */
export function liveLine(instances: readonly Stats[], callers: AnswerTimes): string {
  const sum = (pick: (cache: Stats['cache']) => number) =>
    grouped(instances.reduce((total, { cache }) => total + pick(cache), 0));
  return [
    `${grouped(callers.requests)} requests`,
    `hits ${sum((cache) => cache.localHits)} local, ${sum((cache) => cache.clusterHits)} cluster`,
    `${sum((cache) => cache.loads)} loads`,
    `p50 ${milliseconds(callers.percentileMs(50))}, p99 ${milliseconds(callers.percentileMs(99))}`,
    `${callers.errors} errors`,
  ].join(' | ');
}

export function phaseTable(phases: readonly PhaseReport[]): string {
  const table = new Table({
    head: ['what callers noticed', 'seconds', 'requests', 'errors', 'p50', 'p99', 'slowest'],
    colAligns: ['left', ...Array.from({ length: 6 }, () => 'right' as const)],
    ...STYLE,
  });
  for (const { name, seconds, requests, errors, p50Ms, p99Ms, slowestMs } of phases) {
    table.push([
      name,
      seconds.toFixed(1),
      grouped(requests),
      grouped(errors),
      ...[p50Ms, p99Ms, slowestMs].map(milliseconds),
    ]);
  }
  return table.toString();
}

export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

export function milliseconds(ms: number): string {
  return ms < 100 ? `${ms.toFixed(1)} ms` : `${grouped(Math.round(ms))} ms`;
}
