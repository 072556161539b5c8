// npm run soak -- races|refresh|locks|floods [options]; --help tells more
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { TestCluster } from '@keyslot/testkit';
import type { Disturbance } from '../cache/races/disturbances.ts';
import { MUTATION_NAMES, type MutationName } from '../cache/races/mutations.ts';
import { race } from '../cache/races/race.ts';
import type { RaceReport } from '../cache/races/report.ts';
import { soakFloods } from './floods.ts';
import { soakLocks } from './locks.ts';
import { soakRefresh } from './refresh.ts';
import { showRace, sumOf } from './show.ts';

const DISTURBANCES: readonly Disturbance[] = ['connections', 'primaries', 'slots'];

const COMMANDS = ['races', 'refresh', 'locks', 'floods'];

/** How many rounds on one cluster. */
const LEG = 10_000;

const HELP = `Usage: npm run soak -- races [options]
       npm run soak -- refresh [--seconds N]
       npm run soak -- locks [--sections N]
       npm run soak -- floods [--seconds N]

races looks for values that should not be served any more, over random interleavings of loads, refreshes, deletes, sets and
expirations by several processes' caches, while answers are lost, commands are late, messages unheard, connections cut,
primaries killed and slots moved. Ends with 1 when it finds one, and shows what happened in its round.

  --rounds N      how many rounds, each with a key of its own. Default: 100000
  --seed S        plans the same rounds again; when two things meet depends on the machine as well
  --only NAME     what is done to the cluster, may be given several times: ${DISTURBANCES.join(', ')}, or none. Default: all
  --without NAME  takes a check out of the source, to see it found: ${MUTATION_NAMES.join(', ')}
  --lanes N       how many rounds at once. Default: 200
  --help          this text

refresh reads one hot key 2 000 times a second from 4 processes, and ends with 1 when a value was loaded anew more than
once or a reader waited for it.

  --seconds N     for how long. Default: 60

locks runs critical sections of 8 processes over resources that refuse old fencing numbers, while holders are killed and
frozen past their lease, slots moved and primaries killed. Ends with 1 when a write was accepted out of order.

  --sections N    how many writes are to be accepted. Default: 10000

floods has 4 processes ask a rate limiter for one subject as fast as they can, with wrong clocks, while slots stay and while
they move. Ends with 1 when more was admitted than promised, too little while nothing moved, or anything failed.

  --seconds N     for how long, each. Default: 10
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    only: { type: 'string', multiple: true },
    without: { type: 'string' },
    lanes: { type: 'string', default: '200' },
    seconds: { type: 'string' },
    sections: { type: 'string', default: '10000' },
    help: { type: 'boolean' },
  },
});
const [command, ...rest] = positionals;
const fault = faultOf();
if (values.help) {
  console.log(HELP);
} else if (fault === undefined) {
  if (command === 'races') await soak();
  else if (command === 'locks') process.exitCode = (await soakLocks(Number(values.sections))) ? 0 : 1;
  else if (command === 'floods') process.exitCode = (await soakFloods(Number(values.seconds ?? 10))) ? 0 : 1;
  else process.exitCode = (await soakRefresh(Number(values.seconds ?? 60))) ? 0 : 1;
} else {
  console.error(`soak: ${fault}\n\n${HELP}`);
  process.exitCode = 2;
}

function faultOf(): string | undefined {
  if (command === undefined || !COMMANDS.includes(command) || rest.length > 0)
    return `got '${positionals.join(' ')}'; allowed: ${COMMANDS.join(', ')}`;
  for (const name of ['rounds', 'seed', 'lanes', 'seconds', 'sections'] as const) {
    const value = values[name];
    if (value !== undefined && !/^\d{1,9}$/.test(value))
      return `--${name}: got '${value}'; allowed: a whole number`;
  }
  const allowed = [...DISTURBANCES, 'none'];
  for (const only of values.only ?? [])
    if (!allowed.includes(only)) return `--only: got '${only}'; allowed: ${allowed.join(', ')}`;
  const { without } = values;
  if (without !== undefined && !MUTATION_NAMES.includes(without as MutationName))
    return `--without: got '${without}'; allowed: ${MUTATION_NAMES.join(', ')}`;
  return undefined;
}

/** In legs, each on a cluster of its own: what one did to its cluster is not what the next begins with. */
async function soak(): Promise<void> {
  const [rounds, lanes] = [Number(values.rounds), Number(values.lanes)];
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  const { only } = values;
  const began = performance.now();
  const legs: RaceReport[] = [];
  let lines = 0;
  console.log(`seed ${seed}`);
  for (let first = 0; first < rounds && legs.every(({ findings }) => findings.length === 0); first += LEG) {
    await using cluster = await TestCluster.start();
    if (first === 0) console.log(cluster.description);
    const leg = await race({
      cluster,
      seed,
      firstRound: first,
      rounds: Math.min(LEG, rounds - first),
      lanes,
      disturbances: DISTURBANCES.filter((each) => only === undefined || only.includes(each)),
      ...(values.without === undefined ? {} : { mutation: values.without as MutationName }),
      onDisturbance: (what) => {
        if (!what.includes('connections')) console.log(`${at(began)}  ${what}`);
      },
      onProgress: (begun, findings) => {
        if (lines++ % 5 === 0)
          console.log(`${at(began)}  round ${first + begun} of ${rounds}, found ${findings}`);
      },
    });
    legs.push(leg);
  }
  const report = sumOf(legs);
  showRace(report);
  if (report.findings.length > 0 || report.rounds < rounds) process.exitCode = 1;
}

function at(began: number): string {
  return `${((performance.now() - began) / 1_000).toFixed(1).padStart(7)} s`;
}
