import type { Decision } from '../decision.ts';
import type { Letter } from '../limit.ts';
import type { CounterModel, ModelLimit } from './counter-model.ts';
import { type FixedWindowState, fixedWindow } from './fixed-window.ts';
import { gcra } from './gcra.ts';
import { type SlidingWindowState, slidingWindow } from './sliding-window.ts';
import { type TokenBucketState, tokenBucket } from './token-bucket.ts';

/** What to do: `peek` changes nothing, `force` charges whatever is used. */
export type Mode = 'consume' | 'peek' | 'force';

/** What is known of a limit, with the letter of its algorithm. */
type Word =
  | { readonly letter: 'g'; readonly state: number }
  | { readonly letter: 't'; readonly state: TokenBucketState }
  | { readonly letter: 'f'; readonly state: FixedWindowState }
  | { readonly letter: 's'; readonly state: SlidingWindowState };

/** All that is known of a subject. */
export interface Counters {
  /** Until when it is blocked; 0 when it never was. */
  readonly blockedUntil: number;

  /** Until when the words say anything; only beside a block, as the key expires then otherwise. */
  readonly knownUntil: number;
  readonly words: readonly Word[];
}

/** What is known afterwards, and for how long that is kept. */
export interface Kept<Known> {
  readonly value: Known;
  readonly forUs: number;
}

/** A decision, and what is known afterwards if that is to be kept. */
export interface Charged<Known> {
  readonly decision: Decision;
  readonly kept: Kept<Known> | undefined;
}

/** A limit, and what it is to be charged, in its units. */
export interface Charge extends ModelLimit {
  readonly charge: number;
}

const MODELS = { g: gcra, t: tokenBucket, f: fixedWindow, s: slidingWindow } as const;

/** Charges all limits of a subject, or none: what `charge.lua` does. */
export function charge(
  known: Counters | undefined,
  now: number,
  mode: Mode,
  charges: readonly Charge[],
): Charged<Counters> {
  const blockedUs = Math.max((known?.blockedUntil ?? 0) - now, 0);
  const counters = charges.map((each, i) => new Counter(each, known?.words[i], now));
  const admitted = blockedUs === 0 && counters.every(({ over }) => over <= 0);
  // What is charged anyway waits for nothing, and may be more than ever fits in.
  const retries = counters.map((counter) => (mode === 'force' ? 0 : counter.retryUs()));

  const isCharged = mode === 'force' || (mode === 'consume' && admitted);
  if (isCharged) for (const counter of counters) counter.add(mode === 'force');

  const decision = {
    admitted,
    blockedUs,
    standings: counters.map((counter, i) => ({
      free: counter.limit.capacity - counter.used(),
      retryUs: retries[i] ?? 0,
      resetUs: counter.resetUs(),
    })),
  };
  const isKept = isCharged || (mode !== 'peek' && counters.some(({ mended }) => mended));
  const knownUs = Math.max(...decision.standings.map(({ resetUs }) => resetUs));
  const value = {
    blockedUntil: blockedUs > 0 ? (known?.blockedUntil ?? 0) : 0,
    knownUntil: blockedUs > 0 ? now + knownUs : 0,
    words: counters.map((counter) => counter.word()),
  };
  return { decision, kept: isKept ? { value, forUs: Math.max(knownUs, blockedUs) } : undefined };
}

/**
 * Denies a subject everything for a time; 0 ends that, and forgets what is over: what `block.lua` does.
 *
 * @param leftMs - until the key expires
 */
export function block(
  known: Counters | undefined,
  now: number,
  blockUs: number,
  leftMs: number,
): Kept<Counters | undefined> | undefined {
  const isBlocked = known !== undefined && known.blockedUntil > 0;
  if (blockUs === 0 && !isBlocked) return undefined;
  const words = known?.words ?? [];
  const knownUntil = isBlocked ? known.knownUntil : now + leftMs * 1000;
  const forUs = Math.max(knownUntil - now, blockUs);
  if (blockUs === 0 && (words.length === 0 || forUs === 0)) return { value: undefined, forUs: 0 };
  return { value: { blockedUntil: blockUs > 0 ? now + blockUs : 0, knownUntil, words }, forUs };
}

/** One limit while it is charged. */
class Counter {
  readonly limit: Charge;
  readonly mended: boolean;
  readonly over: number;
  readonly #model: CounterModel<unknown>;
  readonly #now: number;
  #state: unknown;

  constructor(limit: Charge, word: Word | undefined, now: number) {
    this.limit = limit;
    this.#now = now;
    this.#model = MODELS[limit.letter as Exclude<Letter, 'l'>];
    const seen = this.#model.see(limit, word?.letter === limit.letter ? word.state : undefined, now);
    this.mended = seen.mended;
    this.#state = seen.state;
    this.over = this.used() + limit.charge - limit.capacity;
  }

  used(): number {
    return this.#model.used(this.limit, this.#state, this.#now);
  }

  retryUs(): number {
    if (this.over <= 0) return 0;
    return this.#model.waitUs(this.limit, this.#state, this.#now, this.over, this.limit.charge);
  }

  resetUs(): number {
    return this.#model.resetUs(this.limit, this.#state, this.#now);
  }

  /** @param whatever - what is used: more than twice the capacity is never owed */
  add(whatever: boolean): void {
    const { charge: asked, capacity } = this.limit;
    const charged = whatever ? Math.min(asked, Math.max(2 * capacity - this.used(), 0)) : asked;
    this.#state = this.#model.add(this.limit, this.#state, charged, this.#now);
  }

  word(): Word {
    return { letter: this.limit.letter, state: this.#state } as Word;
  }
}
