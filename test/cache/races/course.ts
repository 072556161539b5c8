import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import type { Asked, Counts, Explained, Finding, LogLine, Told } from './report.ts';

/** How long threads get to tell what happened in a round, in milliseconds. */
const LOG_WITHIN_MS = 1_000;

/** The threads of a race. */
export class Course {
  readonly #workers: readonly Worker[];
  readonly #explained: Promise<Explained>[] = [];
  readonly #timelines = new Map<number, Promise<readonly string[]>>();
  readonly #asked = new Map<number, (lines: readonly LogLine[]) => void>();
  readonly #over: Promise<unknown>;
  #ready = 0;
  #onReady = () => {};
  readonly findings: Finding[] = [];
  readonly counts: Counts = {};
  slowestMs = 0;

  constructor(workers: readonly Worker[], onFinding: (findings: number) => void) {
    this.#workers = workers;
    const overs = workers.map((worker, thread) => {
      worker.on('message', (told: Told) => {
        switch (told.kind) {
          case 'ready':
            this.#ready++;
            this.#onReady();
            break;
          case 'finding':
            this.findings.push(told.finding);
            this.#explained.push(this.#explain(told.finding));
            onFinding(this.findings.length);
            break;
          case 'log':
            this.#asked.get(told.round)?.(
              told.lines.map(({ at, text }) => ({ at, text: `thread ${thread}: ${text}` })),
            );
            break;
          case 'over':
            for (const [what, times] of Object.entries(told.counts))
              this.counts[what] = (this.counts[what] ?? 0) + times;
            this.slowestMs = Math.max(this.slowestMs, told.slowestMs);
        }
      });
      // Rejects when the thread fails.
      return once(worker, 'exit');
    });
    // An error of a thread rejects it, also before anybody waits for the end.
    this.#over = Promise.all(overs);
    this.#over.catch(() => {
      // Whoever waits for anything gets it.
    });
  }

  async ready(): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.#onReady = () => {
        if (this.#ready === this.#workers.length) resolve();
      };
      this.#onReady();
    });
    await Promise.race([ready, this.#over]);
  }

  async run(): Promise<void> {
    this.#ask({ kind: 'begin' });
    await this.over();
  }

  async over(): Promise<void> {
    await this.#over;
  }

  explained(): Promise<Explained[]> {
    return Promise.all(this.#explained);
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #ask(asked: Asked): void {
    for (const worker of this.#workers) worker.postMessage(asked);
  }

  async #explain(finding: Finding): Promise<Explained> {
    const { lane, round } = finding;
    const timeline = this.#timelines.get(round) ?? this.#timeline(lane, round);
    this.#timelines.set(round, timeline);
    return { ...finding, timeline: await timeline };
  }

  /** What happened in the round, in all threads. */
  async #timeline(lane: number, round: number): Promise<readonly string[]> {
    const lines: LogLine[] = [];
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, LOG_WITHIN_MS);
      let answers = 0;
      this.#asked.set(round, (told) => {
        lines.push(...told);
        if (++answers < this.#workers.length) return;
        clearTimeout(late);
        resolve();
      });
      // The round may go on for some milliseconds: what follows explains as well.
      setTimeout(() => this.#ask({ kind: 'log', lane, round }), 60);
    });
    const sorted = lines.sort((a, b) => a.at - b.at);
    const from = sorted[0]?.at ?? 0;
    return sorted.map(({ at, text }) => `${(at - from).toFixed(2).padStart(9)} ms  ${text}`);
  }
}
