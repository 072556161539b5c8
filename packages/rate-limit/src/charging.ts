import type { CallOptions } from '@keyslot/cluster';
import type { Decision } from './decision.ts';
import type { Limit } from './limit.ts';
import { argumentFor, type Plan } from './plan.ts';
import type { RateLimitClient } from './rate-limit-client.ts';
import { block, blockLog, charge, gcra, log, look, lookAtLog } from './scripts/index.ts';
import { SubjectKeys } from './subject-keys.ts';

/** `consume` charges all or none, `peek` changes nothing, `force` charges whatever is used. */
type Mode = 'consume' | 'peek' | 'force';

/** Asks the cluster about the limits of subjects. */
export class Charging {
  readonly #client: RateLimitClient;
  readonly #counters: SubjectKeys;
  readonly #log: SubjectKeys;

  /** @throws {InvalidOptionError} for a name that could be mistaken for something else */
  constructor(client: RateLimitClient, name: string) {
    this.#client = client;
    this.#counters = new SubjectKeys(name, '');
    this.#log = new SubjectKeys(name, ':log');
  }

  /** The short way for a single gcra limit: see `gcra.lua`. `null`: ask {@link ask}. */
  short(
    subject: string,
    { unit, capacity }: Limit,
    cost: number,
    options: CallOptions,
  ): Promise<number | null> {
    const counters = this.#counters.of(subject);
    return this.#client.run(gcra, { counters }, { charge: cost * unit, capacity }, options);
  }

  /** Charges all limits, or none, or looks. A negative cost gives back. */
  ask(subject: string, plan: Plan, mode: Mode, cost: number, options: CallOptions): Promise<Decision> {
    const isLook = mode === 'peek';
    if (plan.kind !== 'log') {
      const args = { mode, limits: argumentFor(plan, cost) };
      const counters = this.#counters.of(subject);
      return this.#client.run(isLook ? look : charge, { counters }, args, options);
    }
    const [{ limit, windowUs }] = plan.limits as readonly [Limit];
    const args = { mode, cost, limit, window: windowUs };
    return this.#client.run(isLook ? lookAtLog : log, { log: this.#log.of(subject) }, args, options);
  }

  /** Denies everything for a time; 0 ends that. */
  block(subject: string, plan: Plan, blockUs: number, options: CallOptions): Promise<void> {
    return plan.kind === 'log'
      ? this.#client.run(blockLog, { log: this.#log.of(subject) }, { blockUs }, options)
      : this.#client.run(block, { counters: this.#counters.of(subject) }, { blockUs }, options);
  }

  /** Forgets everything. */
  async reset(subject: string, options: CallOptions): Promise<void> {
    await Promise.all([
      this.#client.delete(this.#counters.of(subject), options),
      this.#client.delete(this.#log.of(subject), options),
    ]);
  }
}
