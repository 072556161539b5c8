import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from 'ioredis';
import { type Contest, hold, type Pace, type Standing } from '../contest.ts';
import type { Entrant } from './entrant.ts';
import type { Answer } from './peer.ts';
import { empty, hitsOf, sizeOf } from './server.ts';

const CALLERS = 256;
const KEYS_PER_CALLER = 32;
const BATCH = 100;

const HOT = Array.from({ length: CALLERS * KEYS_PER_CALLER }, (_, n) => `hot-${n}`);

/** One kind of work, as each library does it. */
export interface Row {
  readonly title: string;
  readonly callers: number;
  readonly weight?: number;

  /** Which of its calls a library does it with. */
  readonly call: 'read' | 'many';

  /** Whether the keys are there already. */
  readonly warm: boolean;

  /** Refuses the entrant when it does the work wrongly, before anything is measured. */
  readonly check: (entrant: Entrant, cluster: Cluster) => Promise<void>;

  /** One operation. What it answers is looked at, cheaply, each time. */
  readonly run: (entrant: Entrant) => (caller: number, turn: number) => Promise<void>;

  /** How many operations may load: each or none. */
  readonly loads: 'each' | 'none';
}

export const ROWS: readonly Row[] = [
  {
    title: `cluster hit, decoded, ${CALLERS} callers`,
    callers: CALLERS,
    call: 'read',
    warm: true,
    loads: 'none',
    async check(entrant, cluster) {
      const ids = HOT.slice(0, 512);
      const reads = ids.map((id) => entrant.open.read(id));
      await asksTheCluster(entrant, cluster, 2 * ids.length, async () => {
        for (const _ of ['first', 'again']) {
          entrant.inspect(ids, await Promise.all(reads.map((read) => read())));
        }
      });
    },
    run(entrant) {
      const reads = HOT.map((id) => watched(entrant, id, entrant.open.read(id)));
      return (caller, turn) =>
        (reads[caller * KEYS_PER_CALLER + (turn % KEYS_PER_CALLER)] as () => Promise<void>)();
    },
  },
  {
    title: `miss: look, load, store, ${CALLERS} callers`,
    callers: CALLERS,
    call: 'read',
    warm: false,
    loads: 'each',
    async check(entrant, cluster) {
      const ids = Array.from({ length: 512 }, (_, n) => `check-${n}`);
      const readAll = async () =>
        entrant.inspect(ids, await Promise.all(ids.map((id) => entrant.open.read(id)())));
      const before = entrant.database.loads;
      await readAll();
      const loads = entrant.database.loads - before;
      if (loads !== ids.length) entrant.refuse(`${loads} loads for ${ids.length} cold keys`);
      await settled();
      await asksTheCluster(entrant, cluster, ids.length, readAll);
    },
    run: (entrant) => (caller, turn) => {
      const id = `cold-${caller}-${turn}`;
      return watched(entrant, id, entrant.open.read(id))();
    },
  },
  {
    title: `batch of ${BATCH} over all shards, per key`,
    callers: 4,
    weight: BATCH,
    call: 'many',
    warm: true,
    loads: 'none',
    async check(entrant, cluster) {
      const ids = HOT.slice(0, BATCH);
      await asksTheCluster(entrant, cluster, BATCH, async () =>
        entrant.inspect(ids, await entrant.open.readMany(ids)()),
      );
    },
    run(entrant) {
      const batches = Array.from({ length: Math.floor(HOT.length / BATCH) }, (_, n) => {
        const ids = HOT.slice(n * BATCH, (n + 1) * BATCH);
        const read = entrant.open.readMany(ids);
        const look = (answers: readonly Answer[]) => {
          if (answers.length !== BATCH || answers.some((answer, i) => answer?.id !== ids[i])) {
            entrant.inspect(ids, answers);
          }
        };
        return () => read().then(look, (error) => entrant.refuse(error));
      });
      return (caller, turn) => (batches[(caller * 31 + turn) % batches.length] as () => Promise<void>)();
    },
  },
];

/** What a row came to for one entrant. */
export type Result = { readonly entrant: Entrant } & (
  | { readonly standing: Standing }
  | { readonly reason: string }
);

/** Checks all entrants, then measures those that do the row right, in turn. */
export async function race(
  row: Row,
  entrants: readonly Entrant[],
  cluster: Cluster,
  pace: Pace,
): Promise<Result[]> {
  for (const entrant of entrants) {
    entrant.begin();
    try {
      if (row.warm) await fill(entrant);
      await row.check(entrant, cluster);
    } catch (error) {
      entrant.refuse(error);
    }
  }
  const runners = entrants
    .filter(({ refusal }) => refusal === undefined)
    .map((each) => new Runner(row, each));
  const standings = await measure(row, runners, cluster, pace);
  for (const runner of runners) runner.settle();
  return entrants.map((entrant) => {
    const { refusal } = entrant;
    const standing = standings.find(({ name }) => name === entrant.peer.name);
    if (refusal !== undefined || standing === undefined)
      return { entrant, reason: refusal ?? 'not measured' };
    return { entrant, standing };
  });
}

async function measure(
  { title, callers, weight = 1, warm }: Row,
  runners: readonly Runner[],
  cluster: Cluster,
  pace: Pace,
): Promise<Standing[]> {
  const [first, ...others] = runners;
  if (first === undefined) return [];
  const contest: Contest = { title, callers, weight, contenders: [first, ...others] };
  if (warm) return hold(contest, pace);
  await empty(cluster);
  const between = async () => {
    await settled();
    const held = await sizeOf(cluster);
    for (const runner of runners) runner.inspectStretch(held);
    await empty(cluster);
  };
  return hold({ ...contest, between }, pace);
}

/** An entrant while it is measured. Counts. */
class Runner {
  readonly name: string;
  readonly run: (caller: number, turn: number) => Promise<void>;
  readonly #row: Row;
  readonly #entrant: Entrant;
  readonly #loadsBefore: number;
  #operations = 0;
  #inspected = 0;

  constructor(row: Row, entrant: Entrant) {
    this.name = entrant.peer.name;
    this.#row = row;
    this.#entrant = entrant;
    this.#loadsBefore = entrant.database.loads;
    const run = row.run(entrant);
    this.run = (caller, turn) => {
      this.#operations++;
      return run(caller, turn);
    };
  }

  /** Whether the cluster, empty before, holds what was stored since the last time. */
  inspectStretch(held: number): void {
    const stored = this.#operations - this.#inspected;
    this.#inspected = this.#operations;
    if (held < stored) this.#entrant.refuse(`the cluster holds ${held} of ${stored} keys after a stretch`);
  }

  /** A last look at the loads. */
  settle(): void {
    const loads = this.#entrant.database.loads - this.#loadsBefore;
    const allowed = this.#row.loads === 'each' ? this.#operations : 0;
    if (loads !== allowed) this.#entrant.refuse(`${loads} loads instead of ${allowed} while it was measured`);
  }
}

async function fill(entrant: Entrant): Promise<void> {
  for (let at = 0; at < HOT.length; at += 256) {
    await Promise.all(HOT.slice(at, at + 256).map((id) => entrant.open.read(id)()));
  }
  await settled();
}

/** Some store after they have answered. */
function settled(): Promise<void> {
  return sleep(100);
}

/** Refuses the entrant if the work loads, or finds fewer keys in the cluster than it reads. */
async function asksTheCluster(
  entrant: Entrant,
  cluster: Cluster,
  keys: number,
  work: () => Promise<void>,
): Promise<void> {
  const loads = entrant.database.loads;
  const hits = await hitsOf(cluster);
  await work();
  const loaded = entrant.database.loads - loads;
  if (loaded > 0) entrant.refuse(`loads ${loaded} of ${keys} keys that the cluster holds`);
  const found = (await hitsOf(cluster)) - hits;
  if (found < keys) entrant.refuse(`asks the cluster for ${found} of ${keys} keys`);
}

function watched(entrant: Entrant, id: string, read: () => Promise<Answer>): () => Promise<void> {
  const look = (answer: Answer) => {
    if (answer?.id !== id) entrant.refuse(`a value is missing or wrong while it was measured`);
  };
  const fail = (error: unknown) => entrant.refuse(error);
  return () => read().then(look, fail);
}
