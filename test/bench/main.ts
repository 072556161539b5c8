// npm run bench [-- --quick] [--json FILE]; npm run bench -- clients …; npm run bench -- peers|limits|faults [--only NAME] …
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findRedisServer, TestCluster } from '@keyslot/testkit';
import Table from 'cli-table3';
import { type Arena, openBasics } from './basics.ts';
import { openClients } from './clients.ts';
import { type Contest, hold, type Pace, type Standing } from './contest.ts';
import { FAULTS } from './faults/faults.ts';
import { showFaults } from './faults/show.ts';
import { DECIDERS } from './limits/deciders.ts';
import { showLimits } from './limits/show.ts';
import { openLocks } from './locks.ts';
import { PEERS } from './peers/peers.ts';
import { showPeers } from './peers/show.ts';

const HELP = `Usage: npm run bench [-- options]
       npm run bench -- clients [options]
       npm run bench -- peers [options]
       npm run bench -- limits [options]
       npm run bench -- locks [options]
       npm run bench -- faults [options]

Measures Keyslot beside bare ioredis with its defaults, on one cluster of three primaries with a replica each,
in one run. Figures of a busy machine are for comparison with each other only; nothing here fails a build.

  --quick       one short round of each instead of the median of five
  --json FILE   writes the figures as well
  --help        this text

clients: the client's single commands, scripts and batches beside node-redis and valkey-glide as well.

locks: taking and releasing a lock, beside SET NX and a compare-and-delete.

peers: the cache beside other caches and a service that has none, all local tiers off: cluster hit, miss, batch and
stampede. A library that does a row wrongly gets the reason there in place of a figure.

  --only NAME   only this one and ioredis, may be given several times: ${PEERS.map(({ name }) => name).join(', ')}

limits: the rate limiter beside other limiters and an equal script through the same client: decisions per second on
1 000 subjects and on one hot subject, admitted and denied. One that does not keep a limit gets the reason there.

  --only NAME   only this one and rate-limiter-flexible, may be given several times: ${limiters().join(', ')}

faults: breaks such a cluster in every way that Keyslot must ride through, each on a cluster of its own, under 64
closed-loop callers per shard, and prints what must hold beside what was measured. Takes some minutes.

  --only NAME   only this one, may be given several times: ${FAULTS.map(({ name }) => name).join(', ')}
  --json FILE   writes the figures as well
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    json: { type: 'string' },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean' },
  },
});
const [command] = positionals;
if (values.help) {
  console.log(HELP);
} else if (command === 'faults') {
  await showFaults(values.only ?? [], values.json);
} else if (command === 'peers' || command === 'limits') {
  const known = command === 'peers' ? PEERS.map(({ name }) => name) : limiters();
  const unknown = values.only?.filter((only) => !known.includes(only)) ?? [];
  if (unknown.length === 0) {
    const pace = { rounds: values.quick ? 1 : 5, roundMs: values.quick ? 300 : 500 };
    await (command === 'peers' ? showPeers : showLimits)(values.only ?? [], pace, values.json);
  } else {
    console.error(`bench: got --only ${unknown.join(', ')}; allowed: ${known.join(', ')}\n\n${HELP}`);
    process.exitCode = 2;
  }
} else if (
  (command === undefined || command === 'clients' || command === 'locks') &&
  values.only === undefined
) {
  const pace = values.quick ? { rounds: 1, roundMs: 300 } : { rounds: 5, roundMs: 1_000 };
  const open = command === undefined ? openBasics : command === 'clients' ? openClients : openLocks;
  await bench(open, pace, values.json);
} else {
  console.error(
    `bench: got '${command ?? '--only'}'; allowed: nothing, clients, locks, peers, limits, or faults; --only with the latter three\n\n${HELP}`,
  );
  process.exitCode = 2;
}

function limiters(): string[] {
  return [...new Set(DECIDERS.map(({ name }) => name))];
}

async function bench(
  open: (cluster: TestCluster) => Promise<Arena>,
  pace: Pace,
  jsonFile: string | undefined,
): Promise<void> {
  const server = await findRedisServer();
  console.log(`${server.describe}; Node ${process.version}`);
  await using cluster = await TestCluster.start({ primaries: 3, replicasPerPrimary: 1 });
  await using arena = await open(cluster);

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
