import type { CallOptions } from '@keyslot/cluster';
import { InvalidOptionError, toMs } from '@keyslot/kernel';
import { whatIsLeft } from './call.ts';
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

  /** The limits, where they are the same for all subjects. */
  readonly fixed: Plan | undefined;
}

/** The subjects that this process is asked for all the time. */
export class HotSubjects {
  readonly #owner: HotOwner;
  readonly #rates: LocalRates;
  readonly #hot = new Map<string, HotSubject>();

  /** How many changes of a subject are under way. */
  readonly #changes = new Map<string, number>();

  /** What is being given back. */
  readonly #returns = new Set<Promise<void>>();
  #isClosed = false;

  /**
   * @throws {RateLimitRangeError} for numbers that cannot be
   * @throws {InvalidOptionError} for what else cannot, and beside limits that no subject of could be hot
   */
  constructor(
    options: HotOptions,
    { name, now, charging, call, denials, fixed, withoutCluster }: HotSurroundings,
  ) {
    if (typeof options !== 'object')
      throw new InvalidOptionError('hot', options, 'an object: {}, or with above, hold and batch');
    if (fixed !== undefined && !canBeHot(fixed))
      throw new InvalidOptionError(
        'hot',
        options,
        'nothing beside limits that are neither gcra nor token-bucket',
      );
    const { above = 1_000, hold = '20ms', batch = 1_000 } = options;
    mustBeWhole('hot.above', above, 'a whole number from 1 up');
    mustBeWhole('hot.batch', batch, 'a whole number from 1 up');
    const holdMs = toMs(hold, 'hot.hold', 0);
    if (holdMs > LONGEST_HOLD_MS)
      throw new RateLimitRangeError('hot.hold', hold, `milliseconds from 0 to ${LONGEST_HOLD_MS}`);
    this.#owner = {
      holdMs,
      batch,
      now,
      consume: (subject, plan, cost, since) =>
        charging.ask(subject, plan, 'consume', cost, whatIsLeft(call, now() - since)),
      mayLend: (subject) => !this.#isClosed && !this.#changes.has(subject),
      giveBack: (subject, plan, cost) => {
        const returned = charging
          .ask(subject, plan, 'force', -cost, call)
          .catch((error: unknown) => tellProblem(name, 'not-refunded', error))
          .then(() => void this.#returns.delete(returned));
        this.#returns.add(returned);
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
      if (this.#isClosed || !canBeHot(plan)) return undefined;
      if (this.#hot.size >= MOST_KEPT) this.#forgetCold();
      hot = new HotSubject(this.#owner, subject, plan);
      this.#hot.set(subject, hot);
    }
    if (hot.plan !== plan) return undefined;
    return hot.take(cost) ?? hot.ask(cost);
  }

  /**
   * Changes what is known of a subject. No place is handed out afterwards that was charged before, and none is charged ahead
   * meanwhile. Those that are left are given back, or dropped where the change forgets that they were charged: to give
   * them back then would be to give away others.
   */
  async change<T>(subject: string, left: 'recall' | 'drop', make: () => Promise<T>): Promise<T> {
    this.#changes.set(subject, (this.#changes.get(subject) ?? 0) + 1);
    this.#hot.get(subject)?.[left]();
    try {
      return await make();
    } finally {
      const others = (this.#changes.get(subject) ?? 1) - 1;
      if (others > 0) this.#changes.set(subject, others);
      else this.#changes.delete(subject);
    }
  }

  /** Charges none ahead any more, and gives back all that is. Who asks is answered as ever. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#hot.values()];
    for (const hot of all) hot.recall();
    await Promise.all(all.map((hot) => hot.served()));
    await Promise.all(this.#returns);
  }

  #forgetCold(): void {
    for (const [subject, hot] of this.#hot)
      if (hot.isIdle && !this.#rates.isHot(subject)) this.#hot.delete(subject);
  }
}

function canBeHot({ limits }: Plan): boolean {
  return limits.every(({ letter }) => letter === 'g' || letter === 't');
}
