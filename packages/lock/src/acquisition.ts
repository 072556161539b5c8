import { AbortedError } from '@keyslot/cluster';
import { type Clock, isKeyslotError } from '@keyslot/kernel';
import { LockLostError, LocksClosedError, LockTimeoutError } from './errors.ts';
import { HeldLock, type Keeping, surelyUntil } from './held-lock.ts';
import type { LockKey } from './resource.ts';
import { CLAIM_MS } from './returns.ts';
import { type Answer, acquire } from './scripts/index.ts';
import { type AcquisitionTold, type HeldAs, type LockStep, tellAcquisition, tellProblem } from './telling.ts';
import { newToken } from './token.ts';
import type { Awoken, Turn, Turns } from './turns.ts';

/** What is asked for. */
export interface Request {
  readonly key: LockKey;
  readonly as: HeldAs;

  /** With how many at most it may be held; 0 for nobody else. */
  readonly limit: number;
  readonly ttlMs: number;
  readonly renews: boolean;
  readonly signal: AbortSignal | undefined;
}

/** How long a place among those who wait is kept for one who does not look any more, in milliseconds. */
const STAY_MS = 5_000;

/**
 * The longest pause between looks, in milliseconds: of one who would be called, and of one who would not, times those
 * ahead up to three. Four of the latter are less than what one who is called has to come.
 */
const TOLD_PAUSE_MS = 1_000;
const UNTOLD_PAUSE_MS = 50;

/** How many may be ahead of one who looks when somebody ahead does not come. */
const NEAR = 2;

/** How many steps of an acquisition are told. */
const MOST_STEPS = 100;

/** After a look that failed, in milliseconds. */
const FAILED_PAUSE_MS = 50;

type Attempt = Answer | { readonly kind: 'failed'; readonly error: unknown };

/**
 * Takes locks. The way of one who waits:
 *
 * ```
 * ask ─── taken ─────────────────────────────▶ lock
 *  ▲  │ refused: has a place in the order now
 *  │  ▼
 *  │ sleep ─── time is up, aborted, closed ──▶ error, the place is given back
 *  │  │ called, or to see for itself
 *  └──┘
 * ```
 *
 * A call is a hint: only the script's answer takes a lock, and how long it is held is counted from when that was asked.
 */
export class Acquisitions {
  readonly #keeping: Keeping;
  readonly #turns: Turns;
  readonly #closing: AbortSignal;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(keeping: Keeping, turns: Turns, closing: AbortSignal) {
    this.#keeping = keeping;
    this.#turns = turns;
    this.#closing = closing;
  }

  /** Asks once. */
  try(request: Request): Promise<HeldLock | undefined> {
    return this.#tracked(this.#try(request));
  }

  /** Asks, and waits for its turn. */
  wait(request: Request, waitMs: number): Promise<HeldLock> {
    return this.#tracked(this.#wait(request, waitMs));
  }

  /** Resolves once nobody asks or waits any more. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #try(request: Request): Promise<HeldLock | undefined> {
    const one = new One(request, this.#keeping, this.#closing);
    try {
      const answer = await one.ask(0);
      if (answer.kind === 'failed') throw answer.error;
      if (answer.kind === 'refused') {
        one.tell('refused');
        return undefined;
      }
      const lock = one.take(answer.fencing);
      if (lock === undefined) throw tooLate(request);
      one.tell('taken');
      return lock;
    } catch (error) {
      throw one.giveUp(error);
    }
  }

  async #wait(request: Request, waitMs: number): Promise<HeldLock> {
    const { clock } = this.#keeping;
    const one = new One(request, this.#keeping, this.#closing);
    const until = clock.monotonic() + waitMs;
    let turn: Turn | undefined;
    try {
      for (;;) {
        const answer = await one.ask(waitMs === 0 ? 0 : STAY_MS);
        const lock = answer.kind === 'taken' ? one.take(answer.fencing) : undefined;
        if (lock !== undefined) {
          one.tell('taken');
          return lock;
        }
        const leftMs = until - clock.monotonic();
        if (leftMs <= 0) throw whyNot(answer, request, waitMs);
        if (answer.kind === 'failed' && !isRetryable(answer.error)) throw answer.error;
        turn ??= this.#turns.expect(request.key, one.token);
        const awoken = await sleepUntil(turn, answer, until, clock, one.ends);
        one.note(awoken === 'called' ? 'called' : 'looked');
      }
    } catch (error) {
      throw one.giveUp(error);
    } finally {
      turn?.[Symbol.dispose]();
    }
  }

  async #tracked<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }
}

/** Sleeps until it is called, or has to look for itself. */
async function sleepUntil(
  turn: Turn,
  answer: Attempt,
  until: number,
  clock: Clock,
  ends: readonly AbortSignal[],
): Promise<Awoken> {
  let pauseMs = pauseAfter(answer, turn.stands);
  const isNear = answer.kind === 'refused' && answer.ahead > 0 && answer.ahead <= NEAR;
  for (;;) {
    const at = clock.monotonic();
    const awoken = await turn.sleep(Math.min(pauseMs, until - at), ends, isNear);
    if (awoken !== 'others') return awoken;
    // Somebody ahead was called, who may be dead: then nobody will say so.
    pauseMs = Math.min(pauseMs - (clock.monotonic() - at), CLAIM_MS + 20 * Math.random());
  }
}

/** How long to sleep after an answer, unless called. */
function pauseAfter(answer: Attempt, stands: boolean): number {
  if (answer.kind === 'failed') return FAILED_PAUSE_MS * (0.5 + Math.random());
  if (answer.kind === 'taken') return 0;
  const longest = stands ? TOLD_PAUSE_MS : UNTOLD_PAUSE_MS * Math.min(1 + answer.ahead, 4);
  const pauseMs = longest * (0.5 + Math.random() / 2);
  // Nobody calls when a holder has died. Those further behind are called by the one who comes next.
  return Math.min(pauseMs, answer.leftMs + 1 + answer.ahead * 20 * Math.random());
}

/** Why one whose time to wait is over has no lock. Only a refusal says that somebody else has it. */
function whyNot(answer: Attempt, request: Request, waitMs: number): unknown {
  if (answer.kind === 'failed') return answer.error;
  return answer.kind === 'taken' ? tooLate(request) : new LockTimeoutError(request.key.template, waitMs);
}

function tooLate({ key }: Request): LockLostError {
  return new LockLostError(key.template, 'expired');
}

function isRetryable(error: unknown): boolean {
  return isKeyslotError(error) && (error.retryable || error.code === 'CLUSTER_OUTCOME_UNKNOWN');
}

/** One acquisition, under one token. */
class One {
  readonly token = newToken();
  readonly #steps: LockStep[] = [];
  readonly #request: Request;
  readonly #keeping: Keeping;
  readonly #closing: AbortSignal;
  readonly #began: number;
  #sentAt: number;
  #mayBeThere = false;

  constructor(request: Request, keeping: Keeping, closing: AbortSignal) {
    this.#request = request;
    this.#keeping = keeping;
    this.#closing = closing;
    this.#began = this.#sentAt = keeping.clock.monotonic();
  }

  /** Of one who waits for hours the first steps tell enough. */
  note(step: LockStep): void {
    if (this.#steps.length < MOST_STEPS || step === 'taken') this.#steps.push(step);
  }

  /** What ends the waiting: the caller's signal, and that of the locks. */
  get ends(): readonly AbortSignal[] {
    const { signal } = this.#request;
    return signal === undefined ? [this.#closing] : [signal, this.#closing];
  }

  async ask(stayMs: number): Promise<Attempt> {
    const { client, clock, keepMs } = this.#keeping;
    const { key, limit, ttlMs, signal } = this.#request;
    this.#mustGoOn();
    this.#sentAt = clock.monotonic();
    // A repetition whose answer says nothing new may have left a place or a lock behind all the same.
    this.#mayBeThere = true;
    try {
      const args = { token: this.token, limit, ttlMs, stayMs, claimMs: CLAIM_MS, keepMs };
      const answer = await client.run(acquire, { lock: key }, args, signal === undefined ? {} : { signal });
      if (answer.kind === 'refused') {
        this.note('refused');
        this.#mayBeThere = stayMs > 0;
      }
      return answer;
    } catch (error) {
      this.#mustGoOn();
      this.note('unanswered');
      tellProblem('unanswered', key.template, error);
      return { kind: 'failed', error };
    }
  }

  /** The lock, unless the answer came so late that it may be over already. */
  take(fencing: number): HeldLock | undefined {
    const { key, as, ttlMs, renews } = this.#request;
    this.#mustGoOn();
    if (this.#keeping.clock.monotonic() >= surelyUntil(this.#sentAt, ttlMs)) return undefined;
    this.note('taken');
    const taken = { key, as, ttlMs, renews, fencing, token: this.token, sentAt: this.#sentAt };
    return new HeldLock(taken, this.#keeping);
  }

  /** Gives back what may be there: a place, or a lock of which nobody was told. */
  leave(): void {
    const { key, ttlMs } = this.#request;
    const { returns, clock } = this.#keeping;
    if (this.#mayBeThere) returns.giveBackSoon(key, this.token, clock.monotonic() + Math.max(ttlMs, STAY_MS));
  }

  /** Leaves, and answers what to throw. */
  giveUp(error: unknown): unknown {
    this.leave();
    if (this.#closing.aborted) {
      this.tell('failed');
      return new LocksClosedError();
    }
    const { signal } = this.#request;
    if (signal?.aborted === true) {
      this.tell('aborted');
      // Whatever ended first. The question may have arrived; what it took is given back, so nothing is held.
      return new AbortedError('LOCK', 'no', { cause: signal.reason });
    }
    this.tell(error instanceof LockTimeoutError ? 'timed-out' : 'failed');
    return error;
  }

  tell(outcome: AcquisitionTold['outcome']): void {
    const { key, as } = this.#request;
    const ms = this.#keeping.clock.monotonic() - this.#began;
    tellAcquisition({ template: key.template, as, outcome, steps: this.#steps, ms });
  }

  #mustGoOn(): void {
    this.#request.signal?.throwIfAborted();
    this.#closing.throwIfAborted();
  }
}
