import type { CallOptions } from '@keyslot/cluster';
import { toMs } from '@keyslot/kernel';
import type { Charging } from './charging.ts';
import type { Denials } from './denials.ts';
import { RateLimitRangeError } from './errors.ts';
import type { HotOptions } from './hot-options.ts';
import { type HotOwner, HotSubject } from './hot-subject.ts';
import { mustBeWhole } from './limit.ts';
import { LocalRates } from './local-rates.ts';
import type { Plan } from './plan.ts';
import type { RateLimitResult } from './result.ts';
import { tellProblem } from './telling.ts';

const LONGEST_HOLD_MS = 1_000;

/** How many that were hot are kept before those that no longer are go. */
const MOST_KEPT = 1_000;

/** What a limiter has, too. */
interface HotSurroundings extends Pick<HotOwner, 'now' | 'withoutCluster'> {
  readonly name: string;
  readonly charging: Charging;
  readonly call: CallOptions;
  readonly denials: Denials | undefined;
}

/** The subjects that this process is asked for all the time. */
export class HotSubjects {
  readonly #owner: HotOwner;
  readonly #rates: LocalRates;
  readonly #hot = new Map<string, HotSubject>();

  /** @throws {RateLimitRangeError} for numbers that cannot be */
  constructor(
    { above = 1_000, hold = '20ms', batch = 1_000 }: HotOptions,
    { name, now, charging, call, denials, withoutCluster }: HotSurroundings,
  ) {
    mustBeWhole('hot.above', above, 'a whole number from 1 up');
    mustBeWhole('hot.batch', batch, 'a whole number from 1 up');
    const holdMs = toMs(hold, 'hot.hold', 0);
    if (holdMs > LONGEST_HOLD_MS)
      throw new RateLimitRangeError('hot.hold', holdMs, `milliseconds from 0 to ${LONGEST_HOLD_MS}`);
    this.#owner = {
      holdMs,
      batch,
      now,
      consume: (subject, plan, cost) => charging.ask(subject, plan, 'consume', cost, call),
      async giveBack(subject, plan, cost) {
        try {
          await charging.ask(subject, plan, 'force', -cost, call);
        } catch (error) {
          tellProblem(name, 'not-refunded', error);
        }
      },
      lose: () => tellProblem(name, 'not-refunded', { code: 'late' }),
      onDenied: (...denial) => denials?.note(...denial),
      withoutCluster,
    };
    this.#rates = new LocalRates(above);
  }

  /**
   * Decides, when the subject is hot; `undefined` when it is not. A window or a log is not served this way: what is given
   * back to one might be another's.
   */
  consume(subject: string, plan: Plan, cost: number): RateLimitResult | Promise<RateLimitResult> | undefined {
    if (!this.#rates.count(subject, this.#owner.now())) return undefined;
    let hot = this.#hot.get(subject);
    if (hot === undefined || (hot.plan !== plan && hot.isIdle)) {
      if (!plan.limits.every(({ letter }) => letter === 'g' || letter === 't')) return undefined;
      if (this.#hot.size >= MOST_KEPT) this.#forgetCold();
      hot = new HotSubject(this.#owner, subject, plan);
      this.#hot.set(subject, hot);
    }
    if (hot.plan !== plan) return undefined;
    return hot.take(cost) ?? hot.ask(cost);
  }

  /** Gives back what was charged ahead of a subject, before anything that is asked from now on. */
  endLease(subject: string): void {
    void this.#hot.get(subject)?.endLease();
  }

  /** Gives back all that was charged ahead. */
  async close(): Promise<void> {
    await Promise.all([...this.#hot.values()].map((hot) => hot.close()));
  }

  #forgetCold(): void {
    for (const [subject, hot] of this.#hot)
      if (hot.isIdle && !this.#rates.isHot(subject)) this.#hot.delete(subject);
  }
}
