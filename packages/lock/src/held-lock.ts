import type { Clock, Duration } from '@keyslot/kernel';
import { LockLostError, type LossReason } from './errors.ts';
import type { Lock, ReleaseResult } from './lock.ts';
import type { LockClient } from './lock-client.ts';
import { ttlMsOf } from './options.ts';
import type { Renewals, Timed } from './renewals.ts';
import type { LockKey } from './resource.ts';
import type { Returns } from './returns.ts';
import { renew } from './scripts/index.ts';
import { type HeldAs, tellEnd, tellProblem } from './telling.ts';

/** What a lock needs of those who made it. */
export interface Keeping {
  readonly client: LockClient;
  readonly clock: Clock;
  readonly keepMs: number;
  readonly renewals: Renewals;
  readonly returns: Returns;
}

/** What was taken, and when it was asked for. */
export interface Taken {
  readonly key: LockKey;
  readonly token: string;
  readonly as: HeldAs;
  readonly fencing: number;
  readonly ttlMs: number;
  readonly renews: boolean;
  readonly sentAt: number;
}

/**
 * Until when a lock is surely held that was asked for at `sentAt`. The server began to count later than that; it may
 * count faster, and a timer may be late: for that a hundredth and some milliseconds are kept back.
 */
export function surelyUntil(sentAt: number, ttlMs: number): number {
  return sentAt + ttlMs * 0.99 - 10;
}

/** How long a renewal may take that is in no hurry, in milliseconds: a failover, and then some. */
const MOST_DEADLINE_MS = 10_000;

/**
 * A lock and what keeps it: until when it is held, when it is renewed, and what ended it. Who prints it sees its template
 * and its number, and not what is locked.
 */
export class HeldLock implements Lock, Timed {
  readonly template: string;
  readonly fencing: number;
  readonly #taken: Taken;
  readonly #keeping: Keeping;
  readonly #lost = new AbortController();
  #ttlMs: number;
  #until: number;
  #renewAt: number;
  #renewing = false;

  /** When the cluster is to be asked besides. */
  #checkAt = Number.POSITIVE_INFINITY;
  #ended: LossReason | undefined;
  #releasing: Promise<ReleaseResult> | undefined;

  constructor(taken: Taken, keeping: Keeping) {
    this.template = taken.key.template;
    this.fencing = taken.fencing;
    this.#taken = taken;
    this.#keeping = keeping;
    this.#ttlMs = taken.ttlMs;
    this.#until = surelyUntil(taken.sentAt, taken.ttlMs);
    this.#renewAt = taken.renews ? taken.sentAt + taken.ttlMs / 3 : Number.POSITIVE_INFINITY;
    keeping.renewals.hold(this);
  }

  get slot(): number {
    return this.#taken.key.slot;
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  get isHeld(): boolean {
    this.#notice();
    return this.#ended === undefined;
  }

  get leftMs(): number {
    return this.isHeld ? Math.max(0, this.#until - this.#keeping.clock.monotonic()) : 0;
  }

  get nextAt(): number {
    return this.#renewing ? this.#until : Math.min(this.#renewAt, this.#checkAt, this.#until);
  }

  assertHeld(): void {
    this.#notice();
    if (this.#ended !== undefined) throw new LockLostError(this.template, this.#ended);
  }

  async extend(ttl?: Duration): Promise<void> {
    const ttlMs = ttl === undefined ? this.#taken.ttlMs : ttlMsOf(ttl);
    this.assertHeld();
    await this.#renew(ttlMs);
    // Not before: until then it has to be renewed as often as what it had asks for.
    this.#ttlMs = ttlMs;
    this.assertHeld();
  }

  release(): Promise<ReleaseResult> {
    this.#releasing ??= this.#release();
    return this.#releasing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /** Has the cluster asked at once whether it is still held: who acknowledged it may be gone. */
  doubt(): void {
    this.#checkAt = 0;
    this.#keeping.renewals.hold(this);
  }

  look(now: number): void {
    this.#notice();
    // Those that are due soon go along, so that many locks do not need many looks.
    const isDue = now >= this.#checkAt || now >= this.#renewAt - this.#ttlMs / 50;
    if (this.#ended !== undefined || this.#renewing || !isDue) return;
    this.#renewing = true;
    // Whatever comes of it says when the next one is due.
    this.#checkAt = this.#renewAt = Number.POSITIVE_INFINITY;
    // A renewal never shortens, so one by nothing only asks.
    this.#renew(this.#taken.renews ? this.#ttlMs : 1)
      .catch((error: unknown) => {
        tellProblem('not-renewed', this.template, error);
        const pauseMs = (this.#ttlMs / 20) * (0.5 + Math.random());
        this.#checkAt = this.#keeping.clock.monotonic() + pauseMs;
      })
      .finally(() => {
        this.#renewing = false;
        if (this.#ended === undefined) this.#keeping.renewals.hold(this);
      });
  }

  /** It is not held from now on, and who works under it is told. */
  end(reason: LossReason): void {
    if (this.#ended !== undefined) return;
    this.#keeping.renewals.end(this);
    this.#conclude(reason);
  }

  #conclude(reason: LossReason): void {
    this.#ended = reason;
    const { as, sentAt } = this.#taken;
    const heldMs = this.#keeping.clock.monotonic() - sentAt;
    tellEnd({ template: this.template, as, outcome: reason, heldMs });
    if (reason !== 'released') this.#lost.abort(new LockLostError(this.template, reason));
  }

  /** The clock decides, whether or not a timer has come by. */
  #notice(): void {
    if (this.#ended === undefined && this.#keeping.clock.monotonic() >= this.#until) this.end('expired');
  }

  async #renew(ttlMs: number): Promise<void> {
    const { client, clock, keepMs } = this.#keeping;
    const { key, token, renews } = this.#taken;
    const sentAt = clock.monotonic();
    // Long enough for a failover where there is time for one, and never longer than it matters.
    const deadline = Math.max(1, Math.min(this.#ttlMs / 3, MOST_DEADLINE_MS, this.#until - sentAt));
    const outcome = await client.run(renew, { lock: key }, { token, ttlMs, keepMs }, { deadline });
    this.#notice();
    if (outcome === 'lost') return this.end('taken');
    // What was lost stays lost, though the cluster does not know it: somebody has been told.
    if (this.#ended !== undefined) return;
    this.#until = Math.max(this.#until, surelyUntil(sentAt, ttlMs));
    if (renews) this.#renewAt = sentAt + ttlMs / 3;
  }

  async #release(): Promise<ReleaseResult> {
    const { returns, renewals, clock } = this.#keeping;
    const { key, token } = this.#taken;
    const wasHeld = this.isHeld;
    // From here on nothing may be done under it.
    if (wasHeld) this.#ended = 'released';
    renewals.end(this);
    const back = await returns.giveBack(key, token, this.#until);
    if (!wasHeld) return { outcome: 'lost' };
    if (back.outcome === 'absent' && clock.monotonic() < this.#until) {
      this.#conclude('taken');
      return { outcome: 'lost' };
    }
    // One that was not there any more, after its time, has been given back in time for all that was done under it.
    this.#conclude('released');
    return back.outcome === 'pending' ? back : { outcome: 'released' };
  }
}
