import type { LimitOptions } from '@keyslot/rate-limit';
import type { TestCluster } from '@keyslot/testkit';
import { Fleet } from '../cache/fleet.ts';
import { newName } from './fixtures.ts';
import type { Admission, FloodOrder, FloodReport } from './flood-worker.ts';

const PROCESSES = 4;
const CALLERS = 64;

/** How long a flood lasts, in milliseconds. */
const FLOOD_MS = Number(process.env['KEYSLOT_FLOOD_MS'] ?? 3_000);

/** What came of a flood. */
export interface Flooded {
  readonly admissions: readonly Admission[];
  readonly denials: number;
  readonly errors: readonly string[];
}

/** Has four processes, whose clocks are up to five seconds wrong, ask for one subject with 64 callers each. */
export async function flood(
  cluster: TestCluster,
  limits: readonly LimitOptions[],
  subject: string,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<Flooded> {
  const name = newName();
  await using fleet = await Fleet.start<FloodOrder, FloodReport>(
    '../rate-limit/flood-worker.ts',
    PROCESSES,
    (i) => ({
      nodes: cluster.addresses,
      name,
      limits,
      skewMs: [-5000, 0, 5000, -1][i],
    }),
  );
  fleet.order({ subject, callers: CALLERS, forMs: FLOOD_MS });
  await meanwhile();
  await fleet.until(() => fleet.all('flooded').length === PROCESSES);
  const reports = fleet.all('flooded');
  return {
    admissions: reports.flatMap(({ admissions }) => admissions),
    denials: reports.reduce((sum, { denials }) => sum + denials, 0),
    errors: reports.flatMap(({ errors }) => errors),
  };
}

/** How many were surely admitted within some stretch of so many milliseconds, at the most. */
export function mostWithin(admissions: readonly Admission[], ms: number): number {
  const byStart = admissions.toSorted((a, b) => a.from - b.from);
  let most = 0;
  for (const [i, { from }] of byStart.entries()) {
    let count = 0;
    for (let next = i; next < byStart.length; next++) {
      const each = byStart[next] as Admission;
      if (each.from - from > ms) break;
      if (each.to - from <= ms) count++;
    }
    most = Math.max(most, count);
  }
  return most;
}

/** How long it took from the first admission to the last, in seconds. */
export function secondsOf(admissions: readonly Admission[]): number {
  const [first, last] = [
    Math.min(...admissions.map(({ to }) => to)),
    Math.max(...admissions.map(({ from }) => from)),
  ];
  return Math.max(0, last - first) / 1000;
}
