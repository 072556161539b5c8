import { createLogUpdate } from 'log-update';

/**
 * Where the demo speaks: what is said stays, and below it, on a terminal, there is a part that changes.
 * Without a terminal the changing part is left out, and a line comes now and then instead.
 */
export class Screen {
  readonly #stream: NodeJS.WriteStream;
  readonly #live;
  #shown = '';
  #hasEnded = false;

  constructor(stream: NodeJS.WriteStream = process.stdout) {
    this.#stream = stream;
    this.#live = stream.isTTY ? createLogUpdate(stream) : undefined;
  }

  /** Whether the changing part can be seen. */
  get isLive(): boolean {
    return this.#live !== undefined;
  }

  say(text: string): void {
    if (this.#hasEnded) return;
    this.#live?.clear();
    this.#stream.write(`${text}\n`);
    if (this.#shown !== '') this.#live?.(this.#shown);
  }

  /** Replaces the changing part. */
  show(text: string): void {
    if (this.#hasEnded) return;
    this.#shown = text;
    this.#live?.(text);
  }

  /** Leaves the changing part as it is and goes on below it. */
  keep(): void {
    this.#shown = '';
    this.#live?.done();
  }

  /** Shows nothing more: what is still going on while all is being closed is of no interest. */
  end(): void {
    this.keep();
    this.#hasEnded = true;
  }

  /** Does a piece of work, and says what it was and how long it took. */
  async step<Result>(
    what: string,
    work: () => Promise<Result>,
    detail?: (result: Result) => string,
  ): Promise<Result> {
    const began = performance.now();
    this.show(`… ${what}`);
    try {
      const result = await work();
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      this.show('');
      this.say(`✓ ${what}${detail ? `: ${detail(result)}` : ''} (${seconds} s)`);
      return result;
    } catch (error) {
      this.show('');
      this.say(`✗ ${what}`);
      throw error;
    }
  }
}
