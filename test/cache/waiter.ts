import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WaiterReport } from './wake-up-worker.ts';

/** A process with a cache, which waits for the keys that it is told of. */
export class Waiter implements AsyncDisposable {
  readonly #process;
  readonly #reports;

  constructor(options: object) {
    const script = fileURLToPath(new URL('wake-up-worker.ts', import.meta.url));
    const execArgv = ['--conditions=@keyslot/source', '--no-warnings'];
    this.#process = fork(script, [JSON.stringify(options)], { execArgv });
    this.#reports = on(this.#process, 'message');
  }

  order(id: string): void {
    this.#process.send(id);
  }

  async report(): Promise<WaiterReport> {
    const { value } = (await this.#reports.next()) as { value: [WaiterReport] };
    return value[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}
