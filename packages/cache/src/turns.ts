import { AsyncLocalStorage } from 'node:async_hooks';

/** Whose turn the code that runs now is part of. One for all limits: a loader of one cache may ask another cache. */
const turns = new AsyncLocalStorage<Turn>();

/** Where the places of turns come from, and go back to. */
export interface Places {
  /** It goes to somebody else for good. */
  giveBack(): void;

  /** It goes to somebody else until {@link takeBack}; {@link forgo} if it is not wanted back. */
  lend(): void;

  /** A place for who has lent one, before those who never had one. Never refused. */
  takeBack(): Promise<void>;

  /** Who has lent a place has ended without it. */
  forgo(): void;
}

/** What a load is for, so that it can be told when it asks for that itself. */
export interface Loading {
  /** Keys of different clusters may be called the same. */
  readonly client: object;

  has(text: string): boolean;
}

/** What one loader has of its limit's places, from its call to its end. */
export class Turn {
  readonly #places: Places;
  readonly #loading: Loading | undefined;

  /** The load on whose behalf this one is made, until this one is over: then it waits for nobody. */
  #outer: Turn | undefined;
  #hasPlace = true;
  #waits = 0;
  #comingBack: Promise<void> | undefined;
  #keptUntil: Promise<void> | undefined;

  /** Work that outlives the loader keeps its context, and has no place to lend. */
  #isOver = false;

  constructor(places: Places, loading?: Loading) {
    this.#places = places;
    this.#loading = loading;
    this.#outer = turnNow();
  }

  /** Calls a loader as part of this turn, which ends with it, or with what it is kept for. */
  async spend<T>(load: (turn: Turn) => Promise<T> | T): Promise<T> {
    try {
      return await turns.run(this, load, this);
    } finally {
      if (this.#keptUntil === undefined) this.#end();
      else void this.#keptUntil.then(() => this.#end());
    }
  }

  /** Has the turn go on after its loader was given up: it may be working still. */
  keepUntil(settled: Promise<void>): void {
    this.#keptUntil = settled;
  }

  /** Whether who is part of this turn would wait for himself if he waited for a key. */
  isFor(client: object, text: string): boolean {
    if (this.#isOver) return false;
    if (this.#loading?.client === client && this.#loading.has(text)) return true;
    return this.#outer?.isFor(client, text) === true;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  async lendDuring<T>(wait: () => Promise<T>): Promise<T> {
    this.#waits++;
    if (this.#hasPlace) {
      this.#hasPlace = false;
      this.#places.lend();
    }
    try {
      return await wait();
    } finally {
      this.#waits--;
      if (this.#waits === 0 && !this.#isOver) {
        // One for all that wait for it: with two they would need two places, and the loader has only one to give.
        this.#comingBack ??= this.#takeBack();
        await this.#comingBack;
      }
    }
  }

  async #takeBack(): Promise<void> {
    await this.#places.takeBack();
    this.#comingBack = undefined;
    // Meanwhile the loader may have ended, or asked again.
    if (this.#isOver) this.#places.giveBack();
    else if (this.#waits > 0) this.#places.lend();
    else this.#hasPlace = true;
  }

  #end(): void {
    this.#isOver = true;
    // What it began may go on, and begin more: else each would keep all that were before it.
    this.#outer = undefined;
    if (this.#hasPlace) this.#places.giveBack();
    else if (this.#comingBack === undefined) this.#places.forgo();
    this.#hasPlace = false;
  }
}

/** The turn that the code that runs now is part of. */
export function turnNow(): Turn | undefined {
  const turn = turns.getStore();
  return turn?.isOver === true ? undefined : turn;
}

/** Does something that nobody waits for, outside of whatever loader asked for it: its place is not lent for that. */
export function outOfTurn<T>(work: () => T): T {
  return turns.exit(work);
}

/**
 * Waits for something that may need another loader to end: whoever is in a loader lends its place for so long. To be put
 * around what may join somebody else's load; a limit does it by itself.
 */
export function lendingTurn<T>(wait: () => Promise<T>): Promise<T> {
  const turn = turnNow();
  return turn === undefined ? wait() : turn.lendDuring(wait);
}
