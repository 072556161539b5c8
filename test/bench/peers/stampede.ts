import { median } from '../contest.ts';
import type { Entrant } from './entrant.ts';
import type { Fleet } from './stampede-fleet.ts';

/** How long the one load takes that a stampede needs. */
const LOAD_MS = 50;

/** How many processes there are in the second form. */
export const PROCESSES = 4;

const CALLERS = 256;

/** What a stampede came to for one entrant. */
export type Stampede = { readonly entrant: Entrant } & (
  | { readonly loads: number; readonly mostLoads: number; readonly ms: number }
  | { readonly reason: string }
);

interface Outcome {
  readonly loads: number;
  readonly ms: number;
}

export const STAMPEDES = [
  {
    title: `stampede: a cold key, ${CALLERS} callers, load ${LOAD_MS} ms`,
    processes: 1,
  },
  {
    title: `stampede: a cold key, ${PROCESSES} processes × ${CALLERS} callers, load ${LOAD_MS} ms`,
    processes: PROCESSES,
  },
] as const;

/** So many callers ask for a cold key at once, several times over, the entrants in turn. */
export async function stampede(
  entrants: readonly Entrant[],
  rounds: number,
  fleet: Fleet | undefined,
): Promise<Stampede[]> {
  const outcomes = new Map<Entrant, Outcome[]>();
  for (const entrant of entrants) {
    entrant.begin();
    outcomes.set(entrant, []);
  }
  for (let round = 0; round < rounds; round++) {
    for (const entrant of entrants) {
      const id = `stampede-${fleet === undefined ? 'one' : 'many'}-${round}`;
      try {
        outcomes
          .get(entrant)
          ?.push(await (fleet?.stampede(entrant, id, CALLERS, LOAD_MS) ?? inOne(entrant, id)));
      } catch (error) {
        entrant.refuse(error);
      }
    }
  }
  return entrants.map((entrant) => {
    const own = outcomes.get(entrant) ?? [];
    const { refusal } = entrant;
    if (refusal !== undefined) return { entrant, reason: refusal };
    return {
      entrant,
      loads: median(own, ({ loads }) => loads)?.loads ?? Number.NaN,
      mostLoads: Math.max(...own.map(({ loads }) => loads)),
      ms: median(own, ({ ms }) => ms)?.ms ?? Number.NaN,
    };
  });
}

async function inOne(entrant: Entrant, id: string): Promise<Outcome> {
  const { database } = entrant;
  const before = database.loads;
  database.delayMs = LOAD_MS;
  try {
    const startedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: CALLERS }, () => entrant.open.read(id)()));
    const ms = performance.now() - startedAt;
    entrant.inspect(
      answers.map(() => id),
      answers,
    );
    return { loads: database.loads - before, ms };
  } finally {
    database.delayMs = 0;
  }
}
