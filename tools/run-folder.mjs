/**
 * What a run leaves behind: processes and temporary files.
 *
 * Every child of a run inherits a mark in its environment and a temporary folder of its own. A process keeps both
 * when its parent dies and the system adopts it, so that nothing gets away, and nobody else's redis-server is ever
 * taken for ours.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const MARK = 'KEYSLOT_RUN';
const POLL_MS = 50;

/** @typedef {{ pid: number, command: string }} Leftover */

export class RunFolder {
  /** The temporary folder of this run; its name is the mark. */
  path = realpathSync(mkdtempSync(join(tmpdir(), 'keyslot-run-')));

  /** @returns {Record<string, string>} what children of this run must have in their environment */
  get environment() {
    return { [MARK]: basename(this.path), TMPDIR: this.path };
  }

  /**
   * The processes of this run that are still alive after `graceMs`; those that were told to stop get so long.
   *
   * @param {number} graceMs
   * @returns {Promise<Leftover[]>}
   */
  async processes(graceMs) {
    const deadline = Date.now() + graceMs;
    for (;;) {
      const alive = existsSync('/proc/self/environ') ? this.#fromProc() : this.#fromPs();
      if (alive.length === 0 || Date.now() >= deadline) return alive;
      await sleep(POLL_MS);
    }
  }

  /** @returns {string[]} temporary files and folders of Keyslot that nobody removed */
  files() {
    return readdirSync(this.path).filter((name) => name.startsWith('keyslot'));
  }

  remove() {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** @returns {Leftover[]} */
  #fromProc() {
    const mark = `${MARK}=${basename(this.path)}`;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .flatMap((name) => {
        try {
          const isOurs =
            readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(mark) ||
            readlinkSync(`/proc/${name}/cwd`).startsWith(`${this.path}/`);
          if (!isOurs) return [];
          const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
          return { pid: Number(name), command };
        } catch {
          // It ended while we looked, or is another user's, and then it is not ours.
          return [];
        }
      });
  }

  /** @returns {Leftover[]} where there is no /proc; `e` shows the environment after the command */
  #fromPs() {
    const mark = `${MARK}=${basename(this.path)}`;
    return execFileSync('ps', ['axeww', '-o', 'pid=,command='], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    })
      .split('\n')
      .filter((line) => line.includes(mark))
      .map((line) => ({
        pid: Number.parseInt(line, 10),
        command: line.trim().replace(/^\d+ /, '').slice(0, 120),
      }))
      .filter(({ pid }) => pid !== process.pid);
  }
}
