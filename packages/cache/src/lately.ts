import { OldestFirst } from './oldest-first.ts';

/** How long a change is remembered, in milliseconds: longer than a failover takes, and than a replica is behind. */
const REMEMBER_MS = 10_000;

/** How many of its own, and how many of others, a process remembers. Beyond that the oldest are forgotten. */
const LIMIT = 50_000;

/** How many characters the keys of those may have together that others told: they say what they like. */
const LIMIT_CHARACTERS = 16 * 1024 * 1024;

interface Change {
  readonly at: number;

  /** The key's template, where it was this process that changed it. */
  readonly template: string | undefined;
}

/**
 * Keys that were deleted or replaced a short while ago, here or as others told. A replica may not know of it, for it
 * follows its primary some time behind; and where that primary was lost, it never will.
 *
 * What others tell, however much it is, takes the place of nothing that this process has changed itself.
 */
export class Lately {
  readonly #ours = new OldestFirst<Change>();
  readonly #heard = new OldestFirst<Change>();
  #heardCharacters = 0;

  /**
   * The newest last, each key once.
   *
   * @param template - the key's, where it was this process that changed it
   * @param now - by a clock that never goes back
   * @returns whether there was room, or something was forgotten before its time
   */
  note(id: string, template: string | undefined, now: number): 'noted' | 'crowded' {
    const known = template ?? this.#templateOf(id, now);
    this.#forgetHeard(id);
    if (known === undefined) {
      this.#ours.delete(id);
      this.#heard.set(id, { at: now, template: undefined });
      this.#heardCharacters += id.length;
    } else this.#ours.set(id, { at: now, template: known });

    const isRoomForOurs = () => this.#ours.size <= LIMIT;
    const isRoom = () => this.#heard.size <= LIMIT && this.#heardCharacters <= LIMIT_CHARACTERS;
    const ours = forgetOld(this.#ours, now, isRoomForOurs, (each) => void this.#ours.delete(each));
    const heard = forgetOld(this.#heard, now, isRoom, (each) => this.#forgetHeard(each));
    return ours === 'crowded' ? ours : heard;
  }

  has(id: string, now: number): boolean {
    const change = this.#ours.get(id) ?? this.#heard.get(id);
    return change !== undefined && now - change.at < REMEMBER_MS;
  }

  /** All of them, with their templates where they are known. Its own come last: where there is room for some, the last stay. */
  *all(now: number): Generator<readonly [id: string, template: string | undefined]> {
    for (const changes of [this.#heard, this.#ours]) {
      for (const [id, { at, template }] of changes) if (now - at < REMEMBER_MS) yield [id, template];
    }
  }

  #templateOf(id: string, now: number): string | undefined {
    const change = this.#ours.get(id);
    return change !== undefined && now - change.at < REMEMBER_MS ? change.template : undefined;
  }

  #forgetHeard(id: string): void {
    if (this.#heard.delete(id)) this.#heardCharacters -= id.length;
  }
}

/** Forgets what is too old, and the oldest for as long as there is no room. */
function forgetOld(
  changes: OldestFirst<Change>,
  now: number,
  isRoom: () => boolean,
  forget: (id: string) => void,
): 'noted' | 'crowded' {
  let outcome: 'noted' | 'crowded' = 'noted';
  for (let first = changes.first(); first !== undefined; first = changes.first()) {
    const [id, { at }] = first;
    const isRecent = now - at < REMEMBER_MS;
    if (isRecent && isRoom()) break;
    if (isRecent) outcome = 'crowded';
    forget(id);
  }
  return outcome;
}
