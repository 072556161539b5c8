/** What a lane has: the round that it is in, and what is true of that round's key. */
const FIELDS = ['round', 'done', 'lock', 'committed', 'floor', 'voided', 'expired', 'expiredSeq'] as const;
type Field = (typeof FIELDS)[number];

const GLOBALS = ['nextRound', 'sequence', 'lastRound'] as const;
type Global = (typeof GLOBALS)[number];

/** More versions than a round commits. */
const VERSIONS = 16;

/** The round of a lane that has none any more. */
const OVER = -1;

/** A value as the database had it when a loader looked, and when that loader, or the set, began. */
export interface Versioned {
  readonly version: number;
  readonly began: number;
}

/** What had been invalidated at some moment: no value from before may be read after it. */
export interface Floor {
  readonly version: number;
  readonly voided: number;
}

/** What threads share. */
export interface WorldMemory {
  readonly lanes: number;
  readonly whole: SharedArrayBuffer;
  readonly times: SharedArrayBuffer;
}

/**
 * The database and the oracle, in memory that all threads share: what one of them committed or saw confirmed is known to
 * all others at once, so that "after" means after, in whichever process.
 *
 * Rounds are played in lanes. All threads play in each lane, and whoever is the last to end a round begins the next.
 */
export class World {
  readonly memory: WorldMemory;
  readonly #whole: Int32Array;
  readonly #times: Float64Array;

  constructor(memory: WorldMemory) {
    this.memory = memory;
    this.#whole = new Int32Array(memory.whole);
    this.#times = new Float64Array(memory.times);
  }

  static of(lanes: number, firstRound: number, rounds: number): World {
    const world = new World({
      lanes,
      whole: new SharedArrayBuffer(4 * (GLOBALS.length + lanes * FIELDS.length)),
      times: new SharedArrayBuffer(8 * (lanes * VERSIONS + 1)),
    });
    Atomics.store(world.#whole, world.#global('lastRound'), firstRound + rounds - 1);
    Atomics.store(world.#whole, world.#global('nextRound'), firstRound);
    for (let lane = 0; lane < lanes; lane++) world.begin(lane);
    return world;
  }

  /** The round that a lane is in; `undefined` when there are no more. */
  round(lane: number): number | undefined {
    const round = this.#get(lane, 'round');
    return round === OVER ? undefined : round;
  }

  /** Begins the lane's next round. */
  begin(lane: number): void {
    for (const field of FIELDS) if (field !== 'round') this.#set(lane, field, 0);
    this.#set(lane, 'committed', 1);
    this.#times.fill(0, lane * VERSIONS, (lane + 1) * VERSIONS);
    const round = Atomics.add(this.#whole, this.#global('nextRound'), 1);
    const isOver = round > Atomics.load(this.#whole, this.#global('lastRound'));
    this.#set(lane, 'round', isOver ? OVER : round);
    Atomics.notify(this.#whole, this.#at(lane, 'round'));
  }

  /** The number of the round that is begun next. */
  get begun(): number {
    return Atomics.load(this.#whole, this.#global('nextRound'));
  }

  /** No further rounds are begun. */
  end(): void {
    Atomics.store(this.#whole, this.#global('lastRound'), OVER);
  }

  /** How many threads have done their part of a round, this one included. */
  done(lane: number): number {
    return Atomics.add(this.#whole, this.#at(lane, 'done'), 1) + 1;
  }

  async untilNot(lane: number, round: number): Promise<void> {
    while (this.#get(lane, 'round') === round) {
      await Atomics.waitAsync(this.#whole, this.#at(lane, 'round'), round).value;
    }
  }

  /** A row lock. */
  async lock(lane: number): Promise<void> {
    while (Atomics.compareExchange(this.#whole, this.#at(lane, 'lock'), 0, 1) !== 0) {
      await Atomics.waitAsync(this.#whole, this.#at(lane, 'lock'), 1).value;
    }
  }

  unlock(lane: number): void {
    this.#set(lane, 'lock', 0);
    Atomics.notify(this.#whole, this.#at(lane, 'lock'));
  }

  /** A number that is larger than all before: what has a smaller one began earlier. */
  tick(): number {
    return Atomics.add(this.#whole, this.#global('sequence'), 1) + 1;
  }

  commit(lane: number): number {
    return Atomics.add(this.#whole, this.#at(lane, 'committed'), 1) + 1;
  }

  committed(lane: number): number {
    return this.#get(lane, 'committed');
  }

  /** A delete or set of a version has returned, which was called at a tick. */
  invalidated(lane: number, version: number, called: number): void {
    // The time first: who sees the floor finds it.
    this.#times[lane * VERSIONS + version] = nowMs();
    this.#raise(lane, 'floor', version);
    this.#raise(lane, 'voided', called);
  }

  expired(lane: number, version: number, called: number): void {
    this.#raise(lane, 'expired', version);
    this.#raise(lane, 'expiredSeq', called);
  }

  floor(lane: number): Floor {
    return { version: this.#get(lane, 'floor'), voided: this.#get(lane, 'voided') };
  }

  /** What may not be read as a fresh value any more. */
  freshFloor(lane: number): Floor {
    return { version: this.#get(lane, 'expired'), voided: this.#get(lane, 'expiredSeq') };
  }

  /** How long ago a value of this version was first invalidated, in milliseconds; 0 if it was not. */
  staleForMs(lane: number, version: number, now: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (let newer = version + 1; newer < VERSIONS; newer++) {
      const at = this.#times[lane * VERSIONS + newer] ?? 0;
      if (at > 0) first = Math.min(first, at);
    }
    return first === Number.POSITIVE_INFINITY ? 0 : Math.max(0, now - first);
  }

  /** Connections are cut, or a primary is killed: for a while messages may be lost. */
  disturb(): void {
    this.#times[this.#times.length - 1] = nowMs();
  }

  /** For how long nothing has been disturbed, in milliseconds. */
  quietMs(now: number): number {
    return now - (this.#times[this.#times.length - 1] ?? 0);
  }

  #raise(lane: number, field: Field, to: number): void {
    for (;;) {
      const known = this.#get(lane, field);
      if (known >= to) return;
      if (Atomics.compareExchange(this.#whole, this.#at(lane, field), known, to) === known) return;
    }
  }

  #get(lane: number, field: Field): number {
    return Atomics.load(this.#whole, this.#at(lane, field));
  }

  #set(lane: number, field: Field, value: number): void {
    Atomics.store(this.#whole, this.#at(lane, field), value);
  }

  #at(lane: number, field: Field): number {
    return GLOBALS.length + lane * FIELDS.length + FIELDS.indexOf(field);
  }

  #global(name: Global): number {
    return GLOBALS.indexOf(name);
  }
}

/** The machine's monotonic clock, the same in all threads, in milliseconds. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Whether a value may not be read any more by somebody who began to after the floor was there. */
export function isBelow(floor: Floor, { version, began }: Versioned): boolean {
  return version < floor.version || began < floor.voided;
}
