import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process that waits for what it is told of, and reports. */
export class Waiter<Report> implements AsyncDisposable {
  readonly #process;
  readonly #reports;

  /** @param worker - its program; it reads its options as JSON from the first argument */
  constructor(worker: URL, options: object) {
    const execArgv = ['--conditions=@keyslot/source', '--no-warnings'];
    this.#process = fork(fileURLToPath(worker), [JSON.stringify(options)], { execArgv });
    this.#reports = on(this.#process, 'message');
  }

  order(what: string): void {
    this.#process.send(what);
  }

  async report(): Promise<Report> {
    const { value } = (await this.#reports.next()) as { value: [Report] };
    return value[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}
