import { Bench } from 'tinybench';

/** One way of doing something, to be measured beside others. */
interface Contender {
  readonly name: string;

  /** One operation of one caller. */
  readonly run: (caller: number, turn: number) => unknown;
}

/** The same work done in several ways, at once by so many callers. */
export interface Contest {
  readonly title: string;
  readonly callers: number;

  /** Operations that one `run` counts for. @default 1 */
  readonly weight?: number;

  /** What is done after each contender's stretch, outside its time. @default nothing */
  readonly between?: () => Promise<unknown>;

  /** The first is what the others are compared with. */
  readonly contenders: readonly [Contender, ...Contender[]];
}

/** What was measured of one contender. */
export interface Standing {
  readonly name: string;
  readonly opsPerSecond: number;
  readonly ratio: number;
  readonly cpuMicrosPerOp: number;
}

export interface Pace {
  readonly rounds: number;
  readonly roundMs: number;
}

/** How many operations each caller does in a row: long enough that starting the callers does not count. */
const TURNS = 16;

/**
 * Measures all contenders in turn, several times over, and takes the median round of each: what the machine
 * does meanwhile falls on all of them.
 */
export async function hold(contest: Contest, { rounds, roundMs }: Pace): Promise<Standing[]> {
  const { callers, contenders, weight = 1, between } = contest;
  const measured = contenders.map(() => [] as { opsPerSecond: number; cpuMicrosPerOp: number }[]);
  let turn = 0;
  const wave = async ({ run }: Contender) => {
    const from = turn;
    turn += TURNS;
    await Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        for (let i = 0; i < TURNS; i++) await run(caller, from + i);
      }),
    );
  };

  for (let round = 0; round < rounds; round++) {
    for (const [place, contender] of contenders.entries()) {
      const bench = new Bench({
        time: roundMs,
        iterations: 3,
        warmupTime: roundMs / 4,
        warmupIterations: 1,
        throws: true,
      });
      bench.add(contender.name, () => wave(contender));
      const cpu = process.cpuUsage();
      const before = turn;
      const startedAt = performance.now();
      await bench.run();
      const { user, system } = process.cpuUsage(cpu);
      const operations = (turn - before) * callers * weight;
      const seconds = (performance.now() - startedAt) / 1_000;
      measured[place]?.push({
        opsPerSecond: operations / seconds,
        cpuMicrosPerOp: (user + system) / operations,
      });
      await between?.();
    }
  }

  const medians = measured.map((runs) => median(runs, (run) => run.opsPerSecond));
  const reference = medians[0]?.opsPerSecond ?? Number.NaN;
  return contenders.map(({ name }, place) => {
    const { opsPerSecond = Number.NaN, cpuMicrosPerOp = Number.NaN } = medians[place] ?? {};
    return { name, opsPerSecond, ratio: opsPerSecond / reference, cpuMicrosPerOp };
  });
}

/** The item in the middle by some measure; the later of two. */
export function median<T>(items: readonly T[], by: (item: T) => number): T | undefined {
  return items.toSorted((a, b) => by(a) - by(b))[Math.floor(items.length / 2)];
}
