import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Entrant } from './entrant.ts';
import type { Opening } from './peer.ts';
import type { Order, Report } from './stampede-worker.ts';

/** Long enough that every process has read its order. */
const LEAD_MS = 30;

/** Processes that ask for one key at once. */
export class Fleet implements AsyncDisposable {
  readonly #workers: readonly ChildProcess[];

  private constructor(workers: readonly ChildProcess[]) {
    this.#workers = workers;
  }

  static async start(
    size: number,
    names: readonly string[],
    addresses: Opening['addresses'],
  ): Promise<Fleet> {
    const script = fileURLToPath(new URL('stampede-worker.ts', import.meta.url));
    const execArgv = ['--conditions=@keyslot/source', '--no-warnings'];
    const args = [JSON.stringify(names), JSON.stringify(addresses)];
    const fleet = new Fleet(Array.from({ length: size }, () => fork(script, args, { execArgv })));
    try {
      await Promise.all(fleet.#workers.map(hear));
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  async stampede(
    entrant: Entrant,
    id: string,
    callers: number,
    loadMs: number,
  ): Promise<{ loads: number; ms: number }> {
    const order: Order = { name: entrant.peer.name, id, callers, loadMs, at: Date.now() + LEAD_MS };
    const reports = await Promise.all(
      this.#workers.map((worker) => {
        const heard = hear(worker);
        worker.send(order);
        return heard;
      }),
    );
    for (const { refusal } of reports) if (refusal !== undefined) entrant.refuse(refusal);
    return {
      loads: reports.reduce((sum, { loads }) => sum + loads, 0),
      ms:
        Math.max(...reports.map((each) => each.endedAt)) - Math.min(...reports.map((each) => each.startedAt)),
    };
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

/** The next report; rejects when the process ends instead. */
async function hear(worker: ChildProcess): Promise<Report> {
  const stop = new AbortController();
  try {
    return await Promise.race([
      once(worker, 'message', { signal: stop.signal }).then(([report]) => report as Report),
      once(worker, 'exit', { signal: stop.signal }).then(([code]) => {
        throw new Error(`a process of the stampede ended with ${String(code)}`);
      }),
    ]);
  } finally {
    stop.abort();
  }
}
