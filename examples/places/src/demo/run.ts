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
import { type Stage, setStage } from './stage.ts';
import { describeSummary, type Summary, summarise } from './summary.ts';
import { liveLine, liveTable } from './tables.ts';
import { Traffic } from './traffic.ts';
import { GENTLE_RATE, invitation } from './visitors.ts';

/** The same requests in every run. */
const SEED = 20_261_120;

/** What the demo needs beside its options. */
export interface DemoContext {
  readonly screen: Screen;

  /** Takes what has to be closed, however the demo ends. */
  readonly opened: Opened;

  /** Aborts the demo; its reason is thrown, unless all is done and the demo only stays up. */
  readonly signal: AbortSignal;
}

/** What goes on once the stage is set. */
interface Performance {
  readonly load: Load;
  readonly summary: Summary;

  /** Judges what callers were shown lately, and shows how things are. */
  readonly look: () => Promise<void>;
}

/**
 * The whole demo: sets the stage, puts load on it, breaks things, sums up. Without `once` it then stays up until
 * the signal.
 *
 * @returns whether the promises held
 */
export async function runDemo(options: DemoOptions, context: DemoContext): Promise<boolean> {
  const { screen, opened, signal } = context;
  const stage = await untilAborted(signal, setStage(screen, opened));
  const performance = perform(stage, options, context);
  const { load, look, summary } = await untilAborted(signal, Promise.race([stage.crash, performance]));
  if (options.once) return summary.ok;

  screen.say(invitation(stage.instances));
  load.beginPhase('open to visitors');
  load.setRate(GENTLE_RATE);
  await Promise.race([stage.crash, repeat(look, screen.isLive ? 500 : 30_000, signal)]);
  return summary.ok;
}

async function perform(stage: Stage, options: DemoOptions, context: DemoContext): Promise<Performance> {
  const { cluster, instances, database } = stage;
  const { rate, seconds } = options;
  const { screen, opened } = context;
  const traffic = new Traffic(loadCities(), SEED);
  const load = opened.add(new Load({ instances, traffic, clock: database.log, rate }));
  const jury = new Jury(database.log);
  const look = async () => {
    await jury.judge(load.takeReads(), { all: false });
    const stats = await readStats(instances);
    if (screen.isLive) screen.show(liveTable(stats, load.times));
    else screen.say(`  ${liveLine(stats, load.times)}`);
  };

  screen.say(`▶ ${rate} requests a second for ${seconds} s: Zipf over population, 5 % change a place`);
  load.start();
  const end = new AbortController();
  const { hottestKey } = traffic;
  const [phases] = await Promise.all([
    runWithFaults({ cluster, load, screen, hottestKey, seconds }).finally(() => end.abort()),
    repeat(look, screen.isLive ? 500 : 2000, end.signal),
  ]);
  await load.pause();
  await jury.judge(load.takeReads(), { all: true });

  const summary = summarise({
    cluster: cluster.description,
    database: database.kind,
    seconds,
    requestsPerSecond: rate,
    times: load.times,
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
  return { load, look, summary };
}

/** Waits for `work`, but no longer than until the signal, whose reason it throws. */
async function untilAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  signal.throwIfAborted();
  return Promise.race([aborted, work]);
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
