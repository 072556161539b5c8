import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { loadCities } from '../database/cities.ts';
import type { Stats } from '../stats/stats.ts';
import type { DemoOptions } from './arguments.ts';
import { runWithFaults } from './faults.ts';
import { Jury } from './jury.ts';
import { Load } from './load.ts';
import type { Opened } from './opened.ts';
import type { Screen } from './screen.ts';
import { setStage } from './stage.ts';
import { describeSummary, summarise } from './summary.ts';
import { liveLine, liveTable } from './tables.ts';
import { Traffic } from './traffic.ts';

/** The same requests in every run. */
const SEED = 20_261_120;

/** Requests per second while a person tries things out. */
const GENTLE_RATE = 20;

/**
 * The whole demo: sets the stage, puts load on it, breaks things, sums up.
 *
 * @returns whether the promises held. Without `--once` it does not return but stays up.
 */
export async function runDemo(options: DemoOptions, screen: Screen, opened: Opened): Promise<boolean> {
  const stage = await setStage(screen, opened);
  const perform = async () => {
    const { cluster, instances, database } = stage;
    const traffic = new Traffic(loadCities(), SEED);
    const load = opened.add(new Load({ instances, traffic, clock: database.log, rate: options.rate }));
    const jury = new Jury(database.log);
    const look = async () => {
      await jury.judge(load.takeReads(), { all: false });
      const stats = await readStats(instances);
      if (screen.isLive) screen.show(liveTable(stats, load.times));
      else screen.say(`  ${liveLine(stats, load.times)}`);
    };

    screen.say(`▶ ${options.rate} requests a second for ${options.seconds} s: Zipf over population, 5 % change a place`);
    load.start();
    const end = new AbortController();
    const [phases] = await Promise.all([
      runWithFaults({ cluster, load, screen, hottestKey: traffic.hottestKey, seconds: options.seconds }).finally(() =>
        end.abort(),
      ),
      repeat(look, screen.isLive ? 500 : 2000, end.signal),
    ]);
    await load.pause();
    await jury.judge(load.takeReads(), { all: true });

    const summary = summarise({
      cluster: cluster.description,
      database: database.kind,
      seconds: options.seconds,
      requestsPerSecond: options.rate,
      requests: load.times.requests,
      p50Ms: load.times.percentileMs(50),
      p99Ms: load.times.percentileMs(99),
      slowestMs: load.times.slowestMs,
      phases,
      reads: { ...jury.verdicts },
      ages: jury.ages,
      clockUncertaintyMs: database.log.uncertaintyMs,
      keysTouched: load.keysTouched.size,
      instances: await readStats(instances),
      errors: Object.fromEntries(load.errors),
    });
    screen.keep();
    screen.say(`\n${describeSummary(summary)}`);
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(summary, null, 2)}\n`);
    if (options.once) return summary.ok;

    screen.say(invitation(instances, traffic.largestId));
    load.beginPhase('open to visitors');
    load.setRate(GENTLE_RATE);
    await repeat(look, screen.isLive ? 500 : 30_000, new AbortController().signal);
    return summary.ok;
  };
  return Promise.race([stage.crash, perform()]);
}

/** Does `work` again and again until the signal; what it throws ends it. */
async function repeat(work: () => Promise<void>, pauseMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await work();
    await sleep(pauseMs, undefined, { signal }).catch(() => {
      // Aborted while it slept, which the loop looks at.
    });
  }
}

function readStats(instances: readonly string[]): Promise<Stats[]> {
  return Promise.all(
    instances.map(async (url) => {
      const { body } = await request(`${url}/stats`);
      return (await body.json()) as Stats;
    }),
  );
}

function invitation(instances: readonly string[], id: number): string {
  const [first = '', second = first] = instances;
  return `
Everything stays up with ${GENTLE_RATE} requests a second, until Ctrl-C. Try both instances, ${instances.join(' and ')}:

  curl '${first}/places/search?q=zuri'
  curl '${first}/places/near?lat=48.21&lon=16.37&limit=5'
  curl ${first}/places/${id}
  curl -X PATCH ${first}/places/${id} -H 'content-type: application/json' -d '{"name":"Elsewhere"}'
  curl ${second}/places/${id}
  curl ${second}/stats
`;
}
