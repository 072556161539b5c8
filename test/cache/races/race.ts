import { randomInt, randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { TestCluster } from '@keyslot/testkit';
import { Course } from './course.ts';
import { type Disturbance, disturb } from './disturbances.ts';
import type { Faults } from './faulty-client.ts';
import type { MutationName } from './mutations.ts';
import type { RacerData } from './racer.ts';
import type { RaceReport } from './report.ts';
import { World } from './world.ts';

/** How a race is run. */
export interface RaceOptions {
  readonly cluster: TestCluster;
  readonly rounds: number;

  /** The number of the first round: a race can go on where another ended. @default 0 */
  readonly firstRound?: number;

  /** What is planned for each round follows from it. When two things meet depends on the machine as well. @default a new one */
  readonly seed?: number;

  /** How many threads, each with its own copy of everything, as processes have. @default 2 */
  readonly threads?: number;

  /** How many caches in each, each on a client of its own. @default 2 */
  readonly cachesPerThread?: number;

  /** How many rounds run at once. @default 200 */
  readonly lanes?: number;

  /** What goes wrong on the way to the cluster. @default some of everything */
  readonly faults?: Faults;

  /** What is done to the cluster meanwhile. @default none */
  readonly disturbances?: readonly Disturbance[];

  /** A check that is taken out of the source. @default none */
  readonly mutation?: MutationName;

  /** After how many findings no further rounds are begun. @default 10 */
  readonly enough?: number;

  /** Told the seed, when all are ready. */
  readonly onBegin?: (seed: number) => void;

  /** Told what was done to the cluster. */
  readonly onDisturbance?: (what: string) => void;

  /** Told once in a second. */
  readonly onProgress?: (begun: number, findings: number) => void;
}

const SOME_FAULTS: Faults = { lost: 0.01, late: 0.01, slow: 0.03 };

/**
 * Random interleavings of loads, refreshes, deletes, sets and expirations, over many caches that are far from each other,
 * while answers are lost, commands are late and messages unheard.
 *
 * Each round has a key of its own and a database row for it. Loaders read the row, dawdle, and return what they read.
 * Writers commit a newer version, and then delete, set or expire. What nobody may be given after that is in
 * {@link World}, and {@link Fault} says what must not be.
 */
export async function race(options: RaceOptions): Promise<RaceReport> {
  const {
    cluster,
    rounds,
    seed = randomInt(2 ** 31),
    threads = 2,
    cachesPerThread = 2,
    lanes = 200,
  } = options;
  const { faults = SOME_FAULTS, mutation, disturbances = [], enough = 10, firstRound = 0 } = options;
  const world = World.of(lanes, firstRound, rounds);
  const losesPrimaries = disturbances.includes('primaries');
  const shared = {
    memory: world.memory,
    nodes: cluster.addresses,
    run: randomUUID(),
    threads,
    cachesPerThread,
  };
  const course = new Course(
    Array.from({ length: threads }, (_, thread) => {
      const data: RacerData & { mutation: MutationName | undefined } = {
        ...shared,
        seed,
        thread,
        faults,
        losesPrimaries,
        mutation,
      };
      return new Worker(new URL('racer-worker.ts', import.meta.url), {
        workerData: data,
        execArgv: ['--conditions=@keyslot/source', '--no-warnings'],
      });
    }),
    (findings) => {
      if (findings >= enough) world.end();
    },
  );
  let broken: string | undefined;
  try {
    await course.ready();
    options.onBegin?.(seed);
    const began = performance.now();
    const over = new AbortController();
    const disturbing = disturb(cluster, disturbances, {
      signal: over.signal,
      onDisturbed: (what) => {
        world.disturb();
        options.onDisturbance?.(what);
      },
    });
    const ticking = setInterval(
      () => options.onProgress?.(world.begun - firstRound, course.findings.length),
      1_000,
    );
    try {
      await Promise.all([course.run(), Promise.race([disturbing, course.over()])]);
    } finally {
      clearInterval(ticking);
      over.abort();
      broken = await disturbing;
    }
    const { counts, slowestMs } = course;
    const seconds = (performance.now() - began) / 1_000;
    return {
      seed,
      rounds: counts.rounds ?? 0,
      seconds,
      counts,
      slowestMs,
      broken,
      findings: await course.explained(),
    };
  } finally {
    await course.end();
  }
}
