import { randomUUID } from 'node:crypto';
import type { HotOptions, LimitOptions } from '@keyslot/rate-limit';
import type { TestCluster } from '@keyslot/testkit';
import { Fleet } from '../cache/fleet.ts';
import type { Admission, FloodOrder, FloodReport } from './flood-worker.ts';

const PROCESSES = 4;
const CALLERS = 64;

/** What a flood may be besides one without a pause. */
export interface FloodChoices {
  /** How long it lasts, in milliseconds. @default 3 000 */
  readonly forMs?: number;

  /** How the limiters serve hot subjects. @default not at all */
  readonly hot?: HotOptions;

  /** For how long each caller asks only every 100 ms before the flood, in milliseconds. @default 0 */
  readonly calmMs?: number;
}

/** What came of a flood. */
export interface Flooded {
  readonly admissions: readonly Admission[];
  readonly denials: number;

  /** How many were admitted out of places charged ahead. */
  readonly leased: number;
  readonly errors: readonly string[];
}

/** Has four processes, whose clocks are up to five seconds wrong, ask for one subject with 64 callers each. */
export async function flood(
  cluster: TestCluster,
  limits: readonly LimitOptions[],
  subject: string,
  meanwhile: () => Promise<unknown> = async () => {},
  { forMs = 3_000, hot, calmMs = 0 }: FloodChoices = {},
): Promise<Flooded> {
  const name = `flood-${randomUUID()}`;
  await using fleet = await Fleet.start<FloodOrder, FloodReport>(
    '../rate-limit/flood-worker.ts',
    PROCESSES,
    (i) => ({
      nodes: cluster.addresses,
      name,
      limits,
      skewMs: [-5000, 0, 5000, -1][i],
      hot,
    }),
  );
  fleet.order({ subject, callers: CALLERS, forMs, calmMs });
  await meanwhile();
  await fleet.until(() => fleet.all('flooded').length === PROCESSES);
  const reports = fleet.all('flooded');
  return {
    admissions: reports.flatMap(({ admissions }) => admissions),
    denials: reports.reduce((sum, { denials }) => sum + denials, 0),
    leased: reports.reduce((sum, { leased }) => sum + leased, 0),
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
