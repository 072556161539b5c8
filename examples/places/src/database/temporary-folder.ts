import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { onExit } from 'signal-exit';

/** A folder that goes when it is no longer needed, or else with the process, also when a signal ends that. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;
  readonly #forget: () => void;

  private constructor(path: string) {
    this.path = path;
    this.#forget = onExit(() => rmSync(path, { recursive: true, force: true }));
  }

  /** Creates `<prefix>XXXXXX`. */
  static async create(prefix: string): Promise<TemporaryFolder> {
    return new TemporaryFolder(await mkdtemp(prefix));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    this.#forget();
  }
}
