import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface ChildOptions {
  /** What people call it: `instance 1`. */
  readonly name: string;

  /** The script to run, as a URL. It reports `{ url }` once it is ready, and ends on SIGTERM. */
  readonly script: URL;

  /** Added to this process' own environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** How long a child may take to end by itself, in milliseconds, before it is killed. */
const GRACE_MS = 5000;

/** How many of its last words are kept for the message about its crash. */
const LAST_WORDS = 2000;

/** A process of the demo. It has a process group of its own: Ctrl-C reaches the demo alone, which then ends all in order. */
export class Child implements AsyncDisposable {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  #lastWords = '';
  #isStopping = false;

  constructor({ name, script, env }: ChildOptions) {
    this.name = name;
    this.#process = fork(fileURLToPath(script), {
      env: { ...process.env, FORCE_COLOR: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    this.#exited = once(this.#process, 'exit');
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
      });
    }
  }

  /** Where the child can be reached, once it says so. @throws when it ends before. */
  async ready(): Promise<string> {
    const [message] = (await Promise.race([once(this.#process, 'message'), this.crash()])) as [
      { url: string },
    ];
    return message.url;
  }

  /** Never resolves; rejects when the child ends without having been asked to. */
  async crash(): Promise<never> {
    await this.#exited;
    if (this.#isStopping) return new Promise<never>(() => {});

    const { exitCode, signalCode } = this.#process;
    throw new Error(
      `${this.name} ended by itself (${signalCode ?? `exit code ${exitCode}`}). ${this.#lastWords.trim()}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;

    this.#process.kill('SIGTERM');
    const late = setTimeout(() => this.#process.kill('SIGKILL'), GRACE_MS);
    await this.#exited;
    clearTimeout(late);
  }
}
