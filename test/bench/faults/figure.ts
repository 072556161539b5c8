import type { TestCluster } from '@keyslot/testkit';

/** Something that was measured, beside what must hold of it. */
export interface Figure {
  readonly must: string;
  readonly measured: string;
  readonly holds: boolean;
}

/** A row of the table of faults: what is done to a cluster of three primaries with a replica each. */
export interface Fault {
  readonly name: string;
  readonly title: string;

  /** Whether every node refuses everything while a slot is unserved. @default false */
  readonly requireFullCoverage?: boolean;

  readonly run: (cluster: TestCluster) => Promise<Figure[]>;
}

/** A number that must be at most, or at least, so much. */
export function atMost(what: string, value: number, most: number, unit = ''): Figure {
  return { must: `${what} ≤ ${most}${unit}`, measured: `${shown(value)}${unit}`, holds: value <= most };
}

export function atLeast(what: string, value: number, least: number, unit = ''): Figure {
  return { must: `${what} ≥ ${least}${unit}`, measured: `${shown(value)}${unit}`, holds: value >= least };
}

/** Something of which there must be none; what there is is named. */
export function none(what: string, found: readonly string[]): Figure {
  const counts = new Map<string, number>();
  for (const each of found) counts.set(each, (counts.get(each) ?? 0) + 1);
  const listed = [...counts].map(([each, count]) => `${count} × ${each}`).join(', ');
  return { must: `0 ${what}`, measured: listed || '0', holds: found.length === 0 };
}

function shown(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : value.toFixed(2);
}
