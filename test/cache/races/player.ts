import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type LoadContext, LoaderFailedError } from '@keyslot/cache';
import type { Dice } from './dice.ts';
import type { Oracle, Round } from './oracle.ts';
import type { Act, Actor } from './plan.ts';
import type { Station } from './station.ts';
import { textOf, versionedIn } from './value.ts';
import { nowMs, type World } from './world.ts';

/** What those who play work with. */
export interface Desk {
  readonly world: World;
  readonly oracle: Oracle;
  readonly stations: readonly Station[];

  /** Whether primaries are killed: then the cluster may have what no cache reads from it. */
  readonly losesPrimaries: boolean;
  readonly note: (round: number, text: string) => void;
  readonly count: (what: string) => void;
}

/** How long loads of long rounds take: longer than copies in memory may be out of date. */
const LONG_LOAD_MS = [350, 600] as const;

/** How often, and after how long each time, copies in memory are looked at in long rounds. */
const LATE_LOOKS = 5;
const LATE_LOOK_MS = 180;

/** Plays what is planned for one round's key, by way of one cache, and looks at what is there afterwards. */
export class Player {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  play(on: Round, actor: Actor, station: Station): Promise<void> {
    return actor.acts === undefined
      ? this.#read(on, actor.dice, station)
      : this.#write(on, actor.dice, actor.acts, station);
  }

  async #read(on: Round, dice: Dice, { cache, index, localMs }: Station): Promise<void> {
    for (let times = dice.whole(1, 3); times > 0; times--) {
      await dawdle(dice);
      const forceRefresh = dice.hits(0.1);
      const began = nowMs();
      const load = (context: LoadContext<string>) => this.#load(on, dice, index, context);
      this.#desk.note(on.round, `cache ${index}: reads${forceRefresh ? ', by force' : ''}`);
      try {
        const answer = await cache.lookup(on.key, load, { ...on.plan.options, forceRefresh });
        this.#desk.count(`read ${answer.source}${answer.kept === undefined ? '' : ` ${answer.kept}`}`);
        this.#desk.note(
          on.round,
          `cache ${index}: read ${answer.value} from ${answer.source} ${answer.kept ?? ''}`,
        );
        this.#desk.oracle.answered(on, answer, began, { cache: index, localMs });
      } catch (error) {
        if (!(error instanceof LoaderFailedError)) throw error;
        this.#desk.count('read failed');
      }
      this.#peek(on, { cache, index, localMs });
    }
  }

  /** Reads the row at some moment, as a database would. */
  async #load(on: Round, dice: Dice, index: number, context: LoadContext<string>): Promise<string> {
    const { stale } = context;
    const began = this.#desk.world.tick();
    this.#desk.count(stale === undefined ? 'loads' : 'refreshes');
    this.#desk.note(on.round, `cache ${index}: load ${began} begins`);
    await dawdle(dice);
    const version = this.#desk.world.committed(on.lane);
    if (on.plan.isLong) await sleep(dice.whole(...LONG_LOAD_MS));
    await dawdle(dice);
    if (dice.hits(0.03)) throw new Error('The database said no');
    const value = textOf({ version, began });
    this.#desk.note(on.round, `cache ${index}: load ${began} has ${value}`);
    if (stale !== undefined && versionedIn(stale.value)?.version === version && dice.hits(0.3)) {
      this.#desk.count('not modified');
      return context.notModified();
    }
    return value;
  }

  async #write(on: Round, dice: Dice, acts: readonly Act[], station: Station): Promise<void> {
    for (const act of acts) {
      await dawdle(dice);
      if (on.plan.isSerial) await this.#desk.world.lock(on.lane);
      try {
        const version = this.#desk.world.commit(on.lane);
        this.#desk.note(on.round, `cache ${station.index}: commits ${version}`);
        await dawdle(dice);
        const isInvalidated = await this.#act(on, act, version, station);
        if (isInvalidated) await this.#lookAtOwn(on, version, dice, station);
      } finally {
        if (on.plan.isSerial) this.#desk.world.unlock(on.lane);
      }
      await dawdle(dice);
      await this.lookAtCluster(on, station, 'cluster');
      await this.#lookByOther(on);
    }
  }

  /** @returns whether no older value may be read any more */
  async #act(on: Round, act: Act, version: number, { cache, index }: Station): Promise<boolean> {
    const called = this.#desk.world.tick();
    switch (act) {
      case 'delete':
        return await this.#delete(on, version, { cache, index });
      case 'set': {
        const { outcome } = await cache.set(on.key, textOf({ version, began: called }), on.plan.options);
        this.#desk.count(`set ${outcome}`);
        this.#desk.note(on.round, `cache ${index}: set ${version} at ${called}: ${outcome}`);
        if (outcome !== 'stored') return await this.#delete(on, version, { cache, index });
        this.#desk.world.invalidated(on.lane, version, called);
        return true;
      }
      case 'expire': {
        const { outcome } = await cache.expire(on.key);
        this.#desk.count(`expire ${outcome}`);
        this.#desk.note(on.round, `cache ${index}: expire ${version} at ${called}: ${outcome}`);
        if (outcome !== 'failed' && !on.plan.isTouched) this.#desk.world.expired(on.lane, version, called);
        return false;
      }
      case 'touch': {
        const { outcome } = await cache.touch(on.key, on.plan.options);
        this.#desk.count(`touch ${outcome}`);
        this.#desk.note(on.round, `cache ${index}: touch: ${outcome}`);
        return false;
      }
    }
  }

  /** Until it is confirmed. */
  async #delete(
    on: Round,
    version: number,
    { cache, index }: Pick<Station, 'cache' | 'index'>,
  ): Promise<boolean> {
    for (let tries = 0; tries < 100; tries++) {
      const called = this.#desk.world.tick();
      this.#desk.note(on.round, `cache ${index}: deletes for ${version} at ${called}`);
      const { outcome } = await cache.delete(on.key);
      this.#desk.count(`delete ${outcome}`);
      this.#desk.note(on.round, `cache ${index}: deleted for ${version}: ${outcome}`);
      if (outcome === 'pending') continue;
      this.#desk.world.invalidated(on.lane, version, called);
      return true;
    }
    return false;
  }

  /** The writer reads what it wrote, from any tier. */
  async #lookAtOwn(on: Round, version: number, dice: Dice, station: Station): Promise<void> {
    const { cache, index } = station;
    const look = (value: string | undefined, way: string) => {
      const read = value === undefined ? undefined : versionedIn(value);
      if (read !== undefined && read.version < version)
        this.#desk.oracle.found(
          'own',
          on,
          `cache ${index} ${way} ${value}, and had invalidated for ${version}`,
        );
    };
    look(cache.peek(on.key), 'peeked');
    look(await cache.get(on.key), 'got');
    if (dice.hits(0.5)) return;
    const load = (context: LoadContext<string>) => this.#load(on, dice, index, context);
    const answer = await cache.lookup(on.key, load, on.plan.options).catch(ofLoader);
    look(answer?.value, 'read');
    look(cache.peek(on.key), 'peeked');
  }

  /** The bytes that the cluster has, whatever a cache would make of them. */
  async lookAtCluster(on: Round, { client }: Station, fault: 'cluster' | 'left'): Promise<void> {
    if (this.#desk.losesPrimaries) return;
    const floor = this.#desk.world.floor(on.lane);
    const bytes = await client.getBuffer(on.key).catch(() => {
      this.#desk.count('not looked');
      return null;
    });
    const read = bytes === null ? undefined : versionedIn(bytes.toString('latin1'));
    if (read !== undefined) this.#desk.oracle.read(fault, on, read, floor);
  }

  /** What somebody is given who keeps nothing in memory, as a fresh value. */
  async #lookByOther(on: Round): Promise<void> {
    const other = this.#desk.stations.find(({ localMs }) => localMs === 0);
    if (other === undefined) return;
    const floor = this.#desk.world.floor(on.lane);
    const freshFloor = this.#desk.world.freshFloor(on.lane);
    const value = await other.cache.get(on.key, on.plan.options);
    const read = value === undefined ? undefined : versionedIn(value);
    if (read === undefined) return;
    this.#desk.oracle.read('served', on, read, floor);
    this.#desk.oracle.freshRead(on, read, freshFloor);
  }

  async lookLate(on: Round): Promise<void> {
    for (let looks = 0; looks < LATE_LOOKS; looks++) {
      await sleep(LATE_LOOK_MS);
      for (const station of this.#desk.stations) this.#peek(on, station);
    }
  }

  #peek(on: Round, { cache, index, localMs }: Pick<Station, 'cache' | 'index' | 'localMs'>): void {
    const began = nowMs();
    const value = cache.peek(on.key);
    if (value === undefined) return;
    const answer: Answer<string> = { value, source: 'local', ageMs: 0 };
    this.#desk.oracle.answered(on, answer, began, { cache: index, localMs });
  }
}

/** Not at all, to the end of the turn, or some milliseconds: what networks and databases do. */
async function dawdle(dice: Dice): Promise<void> {
  const thrown = dice.next();
  if (thrown < 0.25) return;
  if (thrown < 0.5) await nextTurn();
  else await sleep(dice.next() * 4);
}

/** The loader's own failure is not what is looked for. */
function ofLoader(error: unknown): undefined {
  if (!(error instanceof LoaderFailedError)) throw error;
}
