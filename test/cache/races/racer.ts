import { setTimeout as sleep } from 'node:timers/promises';
import { key } from '@keyslot/keys';
import { Dice } from './dice.ts';
import { type Faults, LONGEST_MS } from './faulty-client.ts';
import { Oracle, type Round } from './oracle.ts';
import { planOf } from './plan.ts';
import { Player } from './player.ts';
import type { Counts, Finding, LogLine } from './report.ts';
import { openStation, type Station } from './station.ts';
import { roundOf } from './value.ts';
import { nowMs, World, type WorldMemory } from './world.ts';

/** What a thread is given. */
export interface RacerData {
  readonly memory: WorldMemory;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly seed: number;
  readonly run: string;
  readonly thread: number;
  readonly threads: number;
  readonly cachesPerThread: number;
  readonly faults: Faults;

  /** Whether primaries are killed: then the cluster may have what no cache reads from it. */
  readonly losesPrimaries: boolean;
}

/** How often it is uncertain whether a value was stored, in rounds with long loads and deletes of which nobody hears. */
const UNSURE: Faults = { lost: 0.4, late: 0.2, slow: 0 };

const template = key('race:{<round>}').holds<string>();

/** The part of one thread in all rounds: its caches, and who works with them. */
export class Racer implements AsyncDisposable {
  readonly #data: RacerData;
  readonly #world: World;
  readonly #oracle: Oracle;
  readonly #stations: readonly Station[];
  readonly #logs = new Map<number, LogLine[]>();
  readonly #unsure = new Set<number>();
  readonly #muted = new Set<number>();
  readonly #player: Player;
  readonly counts: Counts = {};

  constructor(data: RacerData, onFinding: (finding: Finding) => void) {
    this.#data = data;
    this.#world = new World(data.memory);
    this.#oracle = new Oracle(this.#world, (finding) => {
      this.#count(`found ${finding.fault}`);
      this.#note(finding.round, `FOUND ${finding.fault}: ${finding.what}`);
      onFinding(finding);
    });
    this.#stations = Array.from({ length: data.cachesPerThread }, (_, i) => this.#open(i));
    this.#player = new Player({
      world: this.#world,
      oracle: this.#oracle,
      stations: this.#stations,
      losesPrimaries: data.losesPrimaries,
      note: (round, text) => this.#note(round, text),
      count: (what) => this.#count(what),
    });
  }

  get slowestMs(): number {
    return this.#oracle.slowestMs;
  }

  async ready(): Promise<void> {
    await Promise.all(this.#stations.map(({ cache }) => cache.ready('30s')));
  }

  /** Plays in all lanes, until there are no more rounds. */
  async race(): Promise<void> {
    const lanes = Array.from({ length: this.#data.memory.lanes }, (_, lane) => this.#play(lane));
    await Promise.all(lanes);
  }

  log(round: number): readonly LogLine[] {
    return this.#logs.get(round) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#stations.map(({ cache }) => cache.close()));
    await Promise.all(this.#stations.map(({ client }) => client.close()));
  }

  #open(i: number): Station {
    const { nodes, faults, seed, thread, cachesPerThread } = this.#data;
    const index = thread * cachesPerThread + i;
    return openStation(index, {
      nodes,
      faultsOf: (what, text) => (what === 'fill' && this.#unsure.has(roundOf(text) ?? -1) ? UNSURE : faults),
      dice: new Dice(seed, -1, index),
      isMuted: (message) => this.#isMuted(message),
      onFault: (fault, what, text) => {
        this.#count(`fault ${fault}`);
        const round = roundOf(text);
        if (round !== undefined) this.#note(round, `cache ${index}: ${what} is ${fault}`);
      },
    });
  }

  async #play(lane: number): Promise<void> {
    const { seed, threads, cachesPerThread } = this.#data;
    for (let round = this.#world.round(lane); round !== undefined; round = this.#world.round(lane)) {
      const plan = planOf(seed, round, threads * cachesPerThread);
      this.#logs.set(round, []);
      if (plan.isMuted) this.#muted.add(round);
      if (plan.isMuted && plan.isLong) this.#unsure.add(round);
      const on = { lane, round, plan, key: template({ round: `${this.#data.run}.${round}` }) };
      const actors = plan.actors.flatMap((actor) => {
        const station = this.#stations.find(({ index }) => index === actor.cache);
        if (station === undefined) return [];
        return [this.#player.play(on, actor, station)];
      });
      await Promise.all(actors);
      if (plan.isLong) await this.#player.lookLate(on);
      if (this.#world.done(lane) === threads) await this.#end(on);
      else await this.#world.untilNot(lane, round);
      this.#muted.delete(round);
      this.#unsure.delete(round);
      setTimeout(() => this.#logs.delete(round), 2_000).unref();
    }
  }

  /** Nothing is under way any more: what the cluster has now, it has for good. */
  async #end(on: Round): Promise<void> {
    const [station] = this.#stations;
    if (station === undefined) return;
    if (on.plan.isPatient) await sleep(2 * LONGEST_MS);
    await this.#player.lookAtCluster(on, station, 'left');
    await station.cache.delete(on.key);
    this.#count('rounds');
    this.#world.begin(on.lane);
  }

  #isMuted(message: string): boolean {
    const round = roundOf(message);
    return round !== undefined && this.#muted.has(round);
  }

  #note(round: number, text: string): void {
    this.#logs.get(round)?.push({ at: nowMs(), text });
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }
}
