import type { ReadOptions } from '@keyslot/cache';
import { Dice } from './dice.ts';

/** What a writer does after it has committed. */
export type Act = 'delete' | 'set' | 'expire' | 'touch';

/** Somebody who works on a round's key by way of one cache. */
export interface Actor {
  readonly cache: number;
  readonly dice: Dice;

  /** What a writer does, one after the other; a reader does nothing but read. */
  readonly acts: readonly Act[] | undefined;
}

/** What happens in a round. */
export interface Plan {
  readonly actors: readonly Actor[];
  readonly options: ReadOptions;

  /** Writers come one at a time, as behind a row lock. Otherwise none of them sets: two that do can overtake each other. */
  readonly isSerial: boolean;

  /** Loads take several times as long as copies in memory may live, and copies are looked at again much later. */
  readonly isLong: boolean;

  /** Nobody hears what is told of the key. */
  readonly isMuted: boolean;

  /** What is late arrives before the end. */
  readonly isPatient: boolean;

  /** A value that expired may be made fresh again by somebody who did not know. */
  readonly isTouched: boolean;
}

/** The same for the same seed and round, in whichever process: who does what, how long they dawdle, and who is not heard. */
export function planOf(seed: number, round: number, caches: number): Plan {
  const dice = new Dice(seed, round);
  const isSerial = dice.hits(0.6);
  const isLong = dice.hits(0.06);
  const isMuted = dice.hits(isLong ? 0.5 : 0.02);
  const isTouched = dice.hits(0.1);
  const isPatient = dice.hits(0.1);
  const actors: Actor[] = [];
  const add = (acts: readonly Act[] | undefined) =>
    actors.push({ cache: dice.whole(0, caches - 1), dice: new Dice(seed, round, actors.length + 1), acts });
  for (let readers = dice.whole(2, 4); readers > 0; readers--) add(undefined);
  for (let writers = dice.whole(1, 3); writers > 0; writers--) {
    const acts = Array.from({ length: dice.whole(1, 2) }, () => actOf(dice, isSerial, isTouched));
    add(acts);
  }
  return { actors, options: optionsOf(dice), isSerial, isLong, isMuted, isPatient, isTouched };
}

function actOf(dice: Dice, isSerial: boolean, isTouched: boolean): Act {
  if (isTouched && dice.hits(0.3)) return 'touch';
  if (dice.hits(0.25)) return 'expire';
  return isSerial && dice.hits(0.35) ? 'set' : 'delete';
}

/** Half of the values are fresh for so short a time that they are refreshed all the time. */
function optionsOf(dice: Dice): ReadOptions {
  const refresh = dice.pick(['background', 'blocking'] as const);
  const grace = dice.pick(['30s', '30s', 0] as const);
  const ttl = dice.pick(['1m', '1m', '8ms', '25ms'] as const);
  return {
    ttl,
    // A value is kept for as long as a round lasts in any case: one that is gone hides what went wrong.
    grace: ttl === '1m' ? grace : '30s',
    refresh,
    earlyRefresh: dice.pick([0, 1, 50]),
    sliding: dice.hits(0.1),
    ...(refresh === 'blocking' && dice.hits(0.5) ? { softTimeout: '5ms' } : {}),
  };
}
