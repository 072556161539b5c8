import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/*
 * Nothing inside a process can clean up after that process was killed with SIGKILL. So each cluster has
 * a tiny shell beside it that reads from a pipe held open by us. We write the complete list of what
 * runs now, whenever it changes. When the pipe closes, for whatever reason, the shell ends what the last
 * list named, frozen or not, removes the folder, and ends itself.
 */
const SCRIPT = `
folder=$1; shift
running=
while read -r list; do running=$list; done
[ -z "$running" ] || "$@" $running >/dev/null 2>&1
[ -z "$folder" ] || rm -rf -- "$folder"
`;

/** Ends what was started, and removes the folder, once this process is gone. */
export class Watchdog {
  readonly #shell: ChildProcess;
  readonly #pipe: Writable;

  /**
   * @param folder - removed at the end; none to leave everything where it is
   * @param kill - the command that ends what {@link watch} listed, given as further arguments
   */
  constructor(folder: string | undefined, kill: readonly string[]) {
    // Its own session: a Ctrl-C in the terminal must not end it before its work begins.
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'keyslot-watchdog', folder ?? '', ...kill], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
    });
    this.#pipe = this.#shell.stdin as Writable;
    this.#pipe.on('error', () => {
      // The shell was ended by somebody else. Disposal and the exit hook do its work without it.
    });
    this.#shell.unref();
    (this.#pipe as Writable & { unref?(): void }).unref?.();
  }

  /** Replaces the list of what is to be ended. */
  watch(running: readonly string[]): void {
    if (this.#pipe.writable) this.#pipe.write(`${running.join(' ')}\n`);
  }

  /** Ends the list and the folder now, and resolves when that is done. */
  async close(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    this.#shell.ref();
    const ended = once(this.#shell, 'exit');
    this.#pipe.end();
    await ended;
  }
}
