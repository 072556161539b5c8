import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What a finished command wrote. `failure` is why it did not do its work, in one line. */
export type CommandResult =
  | { readonly ok: true; readonly stdout: string }
  | { readonly ok: false; readonly failure: string };

/** Runs a command to its end without a shell. Its failure is a result, not an exception. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<CommandResult> {
  try {
    const { stdout } = await execute(command, args, {
      cwd: options.cwd ?? '/',
      timeout: options.timeoutMs ?? 10_000,
      maxBuffer: 16 * 1024 * 1024,
      env: { ...process.env, LC_ALL: 'C' },
    });
    return { ok: true, stdout };
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const lines = (stderr?.trim() || message).split('\n');
    return { ok: false, failure: `${command} ${args[0] ?? ''}: ${lines.at(-1) ?? message}` };
  }
}

/** Where `name` is on PATH. */
export function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // the answer to the question asked
  }
}
