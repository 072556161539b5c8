import { readFileSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { findRedisServer, TestCluster } from '@keyslot/testkit';
import Table from 'cli-table3';
import type { Pace } from '../contest.ts';
import type { Decider } from './decider.ts';
import { DECIDERS } from './deciders.ts';
import { equalScript } from './equal-script.ts';
import { keyslot } from './keyslot.ts';
import { flexible } from './rate-limiter-flexible.ts';
import { check, type Entrant, type Result, ROWS, race } from './rows.ts';

/** Measures the limiters beside each other on one cluster, and prints a table for each row. */
export async function showLimits(
  names: readonly string[],
  pace: Pace,
  jsonFile: string | undefined,
): Promise<void> {
  const deciders = DECIDERS.filter(({ name }, i) => i === 0 || names.length === 0 || names.includes(name));
  const server = await findRedisServer();
  console.log(`${server.describe}; Node ${process.version}`);
  await using cluster = await TestCluster.start({ primaries: 3, replicasPerPrimary: 1 });
  await using stack = new AsyncDisposableStack();
  const entrants: Entrant[] = [];
  for (const decider of deciders) {
    const entrant = { decider, open: stack.use(await decider.open(cluster.addresses)) };
    entrants.push(entrant);
    await check(entrant);
  }

  const rows = [];
  for (const row of ROWS) {
    const results = await race(row, entrants, pace);
    show(row.title, results);
    rows.push({ title: row.title, standings: results.map((result) => lineOf(result)) });
  }
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(rows, undefined, 2)}\n`);
}

function show(title: string, results: readonly Result[]): void {
  const table = new Table({
    head: [title, 'call', 'decisions/s', 'ratio', 'CPU per op'],
    style: { head: [] },
    colWidths: [46, 38, 13, 9, 12],
    wordWrap: true,
  });
  for (const result of results) {
    const { decider } = result.entrant;
    table.push([
      `${decider.name} ${versionOf(decider)}`,
      decider.call,
      ...('standing' in result
        ? [
            Math.round(result.standing.opsPerSecond).toLocaleString('en'),
            `${result.standing.ratio.toFixed(2)}×`,
            `${result.standing.cpuMicrosPerOp.toFixed(2)} µs`,
          ]
        : [{ colSpan: 3, content: `no figure: ${result.reason}` }]),
    ]);
  }
  console.log(table.toString());

  const own = paceOf(results, keyslot);
  console.log(
    `keyslot, every decision in the cluster: ${timesAs(own, paceOf(results, flexible))} rate-limiter-flexible (2 is asked), ` +
      `${timesAs(own, paceOf(results, equalScript))} an equal script (0.9 is asked)\n`,
  );
}

function lineOf(result: Result) {
  const { name, call } = result.entrant.decider;
  return {
    name,
    call,
    version: versionOf(result.entrant.decider),
    ...('standing' in result ? { ...result.standing, name } : { reason: result.reason }),
  };
}

function paceOf(results: readonly Result[], decider: Decider): number {
  const result = results.find(({ entrant }) => entrant.decider === decider);
  return result !== undefined && 'standing' in result ? result.standing.opsPerSecond : Number.NaN;
}

function timesAs(own: number, other: number): string {
  return Number.isNaN(own / other) ? 'no figure beside' : `${(own / other).toFixed(2)}×`;
}

function versionOf(decider: Decider): string {
  const file = findPackageJSON(decider.package, import.meta.url);
  if (file === undefined) throw new Error(`${decider.package} is not installed`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
