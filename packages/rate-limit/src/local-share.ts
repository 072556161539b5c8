import { LocalLimiter } from './local-limiter.ts';
import type { Plan } from './plan.ts';
import { Processes } from './processes.ts';
import type { RateLimitClient } from './rate-limit-client.ts';
import type { RateLimitResult } from './result.ts';
import { tellProblem } from './telling.ts';

/** This process's share of every limit, for while the cluster cannot be asked. */
export class LocalShare implements AsyncDisposable {
  readonly #limiter: LocalLimiter;
  readonly #processes: Processes;

  /** @param now - milliseconds of a clock that nobody sets */
  constructor(client: RateLimitClient, name: string, now: () => number) {
    this.#limiter = new LocalLimiter(now);
    this.#processes = new Processes(client, name, (error) => tellProblem(name, 'not-announced', error), now);
  }

  consume(subject: string, plan: Plan, cost: number): RateLimitResult {
    return this.#limiter.consume(subject, plan, cost, this.#processes.count);
  }

  giveBack(subject: string, plan: Plan, cost: number): void {
    this.#limiter.giveBack(subject, plan, cost, this.#processes.count);
  }

  forget(subject: string): void {
    this.#limiter.forget(subject);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#processes[Symbol.asyncDispose]();
  }
}
