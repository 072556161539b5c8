import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** What callers noticed while something was going on. */
export interface PhaseReport {
  readonly name: string;
  readonly seconds: number;
  readonly requests: number;
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
}

/** Answer times, in milliseconds with three digits that count. */
export class AnswerTimes {
  readonly #micros: RecordableHistogram = createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 });
  errors = 0;

  record(ms: number, failed: boolean): void {
    this.#micros.record(Math.max(1, Math.round(ms * 1000)));
    if (failed) this.errors += 1;
  }

  get requests(): number {
    return this.#micros.count;
  }

  percentileMs(percentile: number): number {
    return this.requests === 0 ? 0 : this.#micros.percentile(percentile) / 1000;
  }

  get slowestMs(): number {
    return this.requests === 0 ? 0 : this.#micros.max / 1000;
  }
}

/** A stretch of the run. A request belongs to the phase in which it began. */
export class Phase {
  readonly name: string;
  readonly times = new AnswerTimes();
  readonly #beganAt = performance.now();
  #endedAt: number | undefined;

  constructor(name: string) {
    this.name = name;
  }

  end(): void {
    this.#endedAt ??= performance.now();
  }

  report(): PhaseReport {
    return {
      name: this.name,
      seconds: ((this.#endedAt ?? performance.now()) - this.#beganAt) / 1000,
      requests: this.times.requests,
      errors: this.times.errors,
      p50Ms: this.times.percentileMs(50),
      p99Ms: this.times.percentileMs(99),
      slowestMs: this.times.slowestMs,
    };
  }
}
