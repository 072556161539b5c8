import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What every worker tells first, once it stands ready. */
export interface Ready {
  readonly kind: 'ready';
}

/** Processes that run one program, are given orders, and report. All are gone with the disposal. */
export class Fleet<Order extends object, Report extends Ready | { readonly kind: string }>
  implements AsyncDisposable
{
  readonly reports: Report[] = [];
  readonly #workers: readonly ChildProcess[];
  #heard = () => {};

  private constructor(workers: readonly ChildProcess[]) {
    this.#workers = workers;
    for (const worker of workers) {
      worker.on('message', (report: Report) => {
        this.reports.push(report);
        this.#heard();
      });
      worker.on('exit', () => this.#heard());
    }
  }

  /**
   * Resolves once all are ready.
   *
   * @param program - its file, beside this one
   * @param argumentOf - what each is started with, by its number
   */
  static async start<Order extends object, Report extends Ready | { readonly kind: string }>(
    program: string,
    size: number,
    argumentOf: (number: number) => object,
  ): Promise<Fleet<Order, Report>> {
    const script = fileURLToPath(new URL(program, import.meta.url));
    const execArgv = ['--conditions=@keyslot/source', '--no-warnings'];
    const fleet = new Fleet<Order, Report>(
      Array.from({ length: size }, (_, i) => fork(script, [JSON.stringify(argumentOf(i))], { execArgv })),
    );
    try {
      await fleet.until(() => fleet.all('ready').length === size);
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
    return fleet;
  }

  all<Kind extends Report['kind']>(kind: Kind): Extract<Report, { kind: Kind }>[] {
    return this.reports.filter((report): report is Extract<Report, { kind: Kind }> => report.kind === kind);
  }

  order(order: Order): void {
    for (const worker of this.#workers) if (worker.connected) worker.send(order);
  }

  /** Resolves once a condition holds, which is looked at after each report. @throws when a worker has ended by itself */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const failed = this.#workers.find(({ exitCode }) => exitCode !== null);
      if (failed !== undefined) throw new Error(`a worker ended with ${failed.exitCode}`);
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  /** Ends a process at once, or stops it where it is, or has it go on. */
  signal(pid: number, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#workers.find((worker) => worker.pid === pid)?.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#workers.map(async (worker) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return;
        const gone = once(worker, 'exit');
        worker.kill('SIGKILL');
        await gone;
      }),
    );
  }
}

/** Now, in milliseconds, by a clock that all processes of the machine share and that nobody sets. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A stretch of time by {@link sharedNow}. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** How many went on at once, at the most. */
export function mostAtOnce(stretches: readonly Stretch[]): number {
  const changes = stretches.flatMap(({ from, to }) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ]);
  let most = 0;
  let now = 0;
  // One that begins when another ends is not beside it.
  for (const { by } of changes.toSorted((a, b) => a.at - b.at || a.by - b.by))
    most = Math.max(most, (now += by));
  return most;
}

/** How many began within a second, at the most. */
export function mostPerSecond(stretches: readonly Stretch[]): number {
  const begins = stretches.map(({ from }) => from).toSorted((a, b) => a - b);
  let most = 0;
  for (let first = 0, next = 0; next < begins.length; next++) {
    while ((begins[next] ?? 0) - (begins[first] ?? 0) >= 1_000) first++;
    most = Math.max(most, next - first + 1);
  }
  return most;
}
