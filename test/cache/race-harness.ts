import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Cache } from '@keyslot/cache';
import { ClusterClient, type LuaSource, type Script, type ScriptArgs } from '@keyslot/cluster';
import { type Key, key } from '@keyslot/keys';

/** A value as the harness's database has it: a number that only grows. */
interface Versioned {
  readonly version: number;
}

const template = key('race:{<round>}').holds<Versioned>();

/** What one run found. */
export interface RaceReport {
  readonly rounds: number;
  readonly loads: number;
  readonly deletes: number;
  readonly sets: number;
  readonly staleReads: number;
  readonly staleKeys: number;
}

export interface RaceOptions {
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly rounds: number;

  /** How many clients, each with a cache of its own, as processes would have. */
  readonly clients?: number;

  /** How many rounds run at once. */
  readonly width?: number;

  /** Makes a client; a test replaces it to take a check out of a script. */
  readonly makeClient?: (nodes: RaceOptions['addresses']) => ClusterClient;

  readonly onProgress?: (done: number) => void;
}

/**
 * Random interleavings of loads, fills, deletes and sets of one key, over several clients of a real cluster.
 *
 * Each round has a key of its own and a database row for it. Loaders read the row, dawdle, and return what
 * they read. Writers commit a newer version and then delete or set, one at a time, as a row lock makes
 * them. Whenever a delete or set has returned, the cluster must never again give an older version.
 */
export async function race(options: RaceOptions): Promise<RaceReport> {
  const { addresses, rounds, clients: size = 4, width = 250, onProgress } = options;
  const makeClient = options.makeClient ?? ((nodes) => new ClusterClient({ nodes, deadline: '10s' }));
  const clients = Array.from({ length: size }, () => makeClient(addresses));
  const caches = clients.map((client) => new Cache({ client, ttl: '1m', lease: '5s', local: { ttl: '1s' } }));
  // Looks at the cluster and at nothing else: copies in memory live on for as long as a message travels.
  const observer = new Cache({ client: clients[0] as ClusterClient, local: false });
  const all = [...caches, observer];
  await Promise.all(all.map((cache) => cache.ready('20s')));

  const report = { rounds: 0, loads: 0, deletes: 0, sets: 0, staleReads: 0, staleKeys: 0 };
  const run = randomUUID();
  let next = 0;
  const worker = async () => {
    while (next < rounds) {
      await new Round(template({ round: `${run}.${next++}` }), caches, observer, report).play();
      report.rounds++;
      onProgress?.(report.rounds);
    }
  };
  try {
    await Promise.all(Array.from({ length: width }, worker));
  } finally {
    await Promise.all(all.map((cache) => cache.close()));
    await Promise.all(clients.map((client) => client.close()));
  }
  return report;
}

type Tally = { -readonly [K in keyof RaceReport]: RaceReport[K] };

class Round {
  readonly #key: Key<Versioned>;
  readonly #caches: readonly Cache[];
  readonly #observer: Cache;
  readonly #tally: Tally;

  /** The row, and the newest version whose invalidation has returned. */
  #committed = 1;
  #invalidated = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(of: Key<Versioned>, caches: readonly Cache[], observer: Cache, tally: Tally) {
    this.#key = of;
    this.#caches = caches;
    this.#observer = observer;
    this.#tally = tally;
  }

  async play(): Promise<void> {
    const actors: Promise<void>[] = [];
    const readers = 2 + Math.floor(Math.random() * 3);
    const writers = 1 + Math.floor(Math.random() * 2);
    for (let i = 0; i < readers; i++) actors.push(this.#read());
    for (let i = 0; i < writers; i++) actors.push(this.#write());
    await Promise.all(actors);

    // Nothing is under way any more: what the cluster has now, it has for good.
    const left = await this.#observer.get(this.#key);
    if (left !== undefined && left.version < this.#committed) this.#tally.staleKeys++;
    await this.#pick().delete(this.#key);
  }

  async #read(): Promise<void> {
    await dawdle();
    await this.#pick().getOrSet(this.#key, async () => {
      this.#tally.loads++;
      await dawdle();
      const version = this.#committed;
      await dawdle();
      return { version };
    });
  }

  /** One writer at a time, as behind a row lock: two that set can overtake each other anywhere. */
  #write(): Promise<void> {
    const after = this.#writing;
    this.#writing = (async () => {
      await after;
      await dawdle();
      const cache = this.#pick();
      const version = ++this.#committed;
      await dawdle();
      if (Math.random() < 0.7) {
        await cache.delete(this.#key);
        this.#tally.deletes++;
      } else {
        const { outcome } = await cache.set(this.#key, { version });
        if (outcome !== 'stored') await cache.delete(this.#key);
        this.#tally.sets++;
      }
      this.#invalidated = version;

      // The writer reads what it wrote, from any tier; somebody else from the cluster.
      const floor = this.#invalidated;
      const own = await cache.get(this.#key);
      if (own !== undefined && own.version < floor) this.#tally.staleReads++;
      await dawdle();
      const other = await this.#observer.get(this.#key);
      if (other !== undefined && other.version < floor) this.#tally.staleReads++;
    })();
    return this.#writing;
  }

  #pick(): Cache {
    return this.#caches[Math.floor(Math.random() * this.#caches.length)] as Cache;
  }
}

/** Not at all, to the end of the turn, or some milliseconds: what networks and databases do. */
async function dawdle(): Promise<void> {
  const dice = Math.random();
  if (dice < 0.25) return;
  if (dice < 0.5) await nextTurn();
  else await sleep(Math.random() * 4);
}

/**
 * A client whose scripts have lines taken out, to show that the harness finds what they prevent.
 *
 * @param mutate - gets a script's name and text, and returns the text to run in its place
 */
export class MutatedClient extends ClusterClient {
  readonly #mutate: (name: string, text: string) => string;

  constructor(nodes: RaceOptions['addresses'], mutate: (name: string, text: string) => string) {
    super({ nodes, deadline: '10s' });
    this.#mutate = mutate;
  }

  override run<Keys extends string, Args extends ScriptArgs, Reply>(
    script: Script<Keys, Args, Reply>,
    ...rest: Parameters<ClusterClient['run']> extends [unknown, ...infer Rest] ? Rest : never
  ): Promise<Reply> {
    const { source } = script;
    const text = this.#mutate(source.name, source.text);
    if (text === source.text) return super.run(script, ...(rest as [never, never, never]));
    // A hash that no server knows: the text is sent each time.
    const mutated: LuaSource<Keys, Args> = { ...source, text, sha1: '0'.repeat(40) };
    return super.run({ ...script, source: mutated }, ...(rest as [never, never, never]));
  }
}
