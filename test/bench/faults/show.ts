import { writeFileSync } from 'node:fs';
import { findRedisServer, TestCluster } from '@keyslot/testkit';
import Table from 'cli-table3';
import { FAULTS } from './faults.ts';
import type { Fault, Figure } from './figure.ts';

/** Runs faults one after the other, each on a cluster of its own, and prints what must hold beside what was seen. */
export async function showFaults(names: readonly string[], jsonFile: string | undefined): Promise<void> {
  const faults = names.length === 0 ? FAULTS : names.map(faultOf);
  const server = await findRedisServer();
  console.log(`${server.describe}; Node ${process.version}; node timeout 2 s`);
  const results: { name: string; title: string; figures: readonly Figure[] }[] = [];
  for (const { name, title, requireFullCoverage = false, run } of faults) {
    await using cluster = await TestCluster.start({ nodeTimeoutMs: 2_000, requireFullCoverage });
    const figures = await run(cluster);
    const table = new Table({ head: [`${title} (${name})`, 'measured', ''], style: { head: [] } });
    for (const { must, measured, holds } of figures)
      table.push([must, measured, holds ? 'holds' : 'falls short']);
    console.log(table.toString());
    results.push({ name, title, figures });
  }
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(results, undefined, 2)}\n`);
}

function faultOf(name: string): Fault {
  const fault = FAULTS.find((each) => each.name === name);
  if (fault !== undefined) return fault;
  throw new Error(`got --only ${name}; allowed: ${FAULTS.map((each) => each.name).join(', ')}`);
}
