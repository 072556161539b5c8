import { readFileSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { findRedisServer, TestCluster } from '@keyslot/testkit';
import Table from 'cli-table3';
import type { Pace } from '../contest.ts';
import { Entrant } from './entrant.ts';
import type { Peer } from './peer.ts';
import { PEERS } from './peers.ts';
import { type Result, ROWS, type Row, race } from './rows.ts';
import { PROCESSES, STAMPEDES, type Stampede, stampede } from './stampede.ts';
import { Fleet } from './stampede-fleet.ts';

/** A library's line in a row, as it is written to the file. */
type Line = { readonly name: string; readonly version: string } & (
  | { readonly reason: string }
  | { readonly opsPerSecond: number; readonly ratio: number; readonly cpuMicrosPerOp: number }
  | { readonly loads: number; readonly mostLoads: number; readonly ms: number; readonly ratio: number }
);

/** Measures the libraries beside each other on one cluster, and prints a table for each row. */
export async function showPeers(
  names: readonly string[],
  pace: Pace,
  jsonFile: string | undefined,
): Promise<void> {
  const peers = PEERS.filter(({ name }, i) => i === 0 || names.length === 0 || names.includes(name));
  const server = await findRedisServer();
  console.log(`${server.describe}; Node ${process.version}; every local tier is off`);
  await using cluster = await TestCluster.start({ primaries: 3, replicasPerPrimary: 1 });
  const bare = cluster.connect();
  await using stack = new AsyncDisposableStack();
  const entrants: Entrant[] = [];
  for (const peer of peers) entrants.push(stack.use(await Entrant.enter(peer, cluster.addresses)));

  const results: { title: string; standings: readonly Line[] }[] = [];
  for (const row of ROWS) {
    const standings = (await race(row, entrants, bare, pace)).map((result) => lineOf(result));
    showRow(row, standings);
    results.push({ title: row.title, standings });
  }
  await using fleet = await Fleet.start(
    PROCESSES,
    peers.map(({ name }) => name),
    cluster.addresses,
  );
  for (const { title, processes } of STAMPEDES) {
    const outcomes = await stampede(entrants, pace.rounds, processes === 1 ? undefined : fleet);
    const reference = outcomes.find((each) => 'ms' in each)?.ms ?? Number.NaN;
    const standings = outcomes.map((each) => stampedeLineOf(each, reference));
    showStampede(title, standings);
    results.push({ title, standings });
  }
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(results, undefined, 2)}\n`);
}

function lineOf(result: Result): Line {
  const { peer } = result.entrant;
  const { name } = peer;
  const version = versionOf(peer);
  if ('reason' in result) return { name, version, reason: result.reason };
  const { opsPerSecond, ratio, cpuMicrosPerOp } = result.standing;
  return { name, version, opsPerSecond, ratio, cpuMicrosPerOp };
}

function stampedeLineOf(outcome: Stampede, referenceMs: number): Line {
  const { peer } = outcome.entrant;
  const { name } = peer;
  const version = versionOf(peer);
  if ('reason' in outcome) return { name, version, reason: outcome.reason };
  const { loads, mostLoads, ms } = outcome;
  return { name, version, loads, mostLoads, ms, ratio: referenceMs / ms };
}

function showRow({ title, call }: Row, standings: readonly Line[]): void {
  const table = new Table({
    head: [title, 'call', 'ops/s', 'ratio', 'time per op', 'CPU per op'],
    style: { head: [] },
    colWidths: [46, 32, 11, 9, 13, 12],
    wordWrap: true,
  });
  for (const line of standings) {
    const calls = PEERS.find(({ name }) => name === line.name)?.calls[call] ?? '';
    table.push([
      `${line.name} ${line.version}`,
      calls,
      ...('opsPerSecond' in line
        ? [
            Math.round(line.opsPerSecond).toLocaleString('en'),
            `${line.ratio.toFixed(2)}×`,
            `${(1e6 / line.opsPerSecond).toFixed(2)} µs`,
            `${line.cpuMicrosPerOp.toFixed(2)} µs`,
          ]
        : [{ colSpan: 4, content: reasonOf(line) }]),
    ]);
  }
  console.log(table.toString());
}

function showStampede(title: string, standings: readonly Line[]): void {
  const table = new Table({
    head: [title, 'loads', 'most loads', 'time', 'ratio'],
    style: { head: [] },
    colWidths: [63, 8, 12, 11, 9],
    wordWrap: true,
  });
  for (const line of standings) {
    table.push([
      `${line.name} ${line.version}`,
      ...('loads' in line
        ? [line.loads, line.mostLoads, `${line.ms.toFixed(1)} ms`, `${line.ratio.toFixed(2)}×`]
        : [{ colSpan: 4, content: reasonOf(line) }]),
    ]);
  }
  console.log(table.toString());
}

function reasonOf(line: Line): string {
  return `no figure: ${'reason' in line ? line.reason : 'not measured'}`;
}

function versionOf(peer: Peer): string {
  const file = findPackageJSON(peer.package, import.meta.url);
  if (file === undefined) throw new Error(`${peer.package} is not installed`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
