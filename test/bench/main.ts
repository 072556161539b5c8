// npm run bench [-- --quick] [--json FILE]
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findRedisServer, TestCluster } from '@keyslot/testkit';
import Table from 'cli-table3';
import { openBasics } from './basics.ts';
import { type Contest, hold, type Pace, type Standing } from './contest.ts';

const HELP = `Usage: npm run bench [-- options]

Measures Keyslot beside bare ioredis with its defaults, on one cluster of three primaries with a replica each,
in one run. Figures of a busy machine are for comparison with each other only; nothing here fails a build.

  --quick       one short round of each instead of the median of five
  --json FILE   writes the figures as well
  --help        this text
`;

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, json: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help) console.log(HELP);
else await bench(values.quick ? { rounds: 1, roundMs: 300 } : { rounds: 5, roundMs: 1_000 }, values.json);

async function bench(pace: Pace, jsonFile: string | undefined): Promise<void> {
  const server = await findRedisServer();
  console.log(`${server.describe}; Node ${process.version}`);
  await using cluster = await TestCluster.start({ primaries: 3, replicasPerPrimary: 1 });
  await using arena = await openBasics(cluster);

  const results: { title: string; standings: Standing[] }[] = [];
  for (const contest of arena.contests) {
    const standings = await hold(contest, pace);
    show(contest, standings);
    results.push({ title: contest.title, standings });
  }
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(results, undefined, 2)}\n`);
}

function show({ title }: Contest, standings: readonly Standing[]): void {
  const table = new Table({
    head: [title, 'ops/s', 'ratio', 'time per op', 'CPU per op'],
    style: { head: [] },
  });
  for (const { name, opsPerSecond, ratio, cpuMicrosPerOp } of standings) {
    table.push([
      name,
      Math.round(opsPerSecond).toLocaleString('en'),
      `${ratio.toFixed(2)}×`,
      `${(1e6 / opsPerSecond).toFixed(2)} µs`,
      `${cpuMicrosPerOp.toFixed(2)} µs`,
    ]);
  }
  console.log(table.toString());
}
