/**
 * Looks at each package as a user would receive it: packed, its entry points resolved (publint), its types found by
 * TypeScript's ways of resolving (attw), nothing in it that belongs to this repository only. Wants a build first.
 */
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const AT_ONCE = 2;

/** @typedef {{ filename: string, files: { path: string }[] }} Packed as `pnpm pack --json` prints it */

/**
 * @param {string} folder
 * @param {string} destination
 * @returns {Promise<string[]>} what is wrong, empty when all is well
 */
async function faultsOf(folder, destination) {
  const pack = await tell('pnpm', ['pack', '--json', '--pack-destination', destination], folder);
  if (!pack.ok) return [`pnpm pack failed\n${pack.output}`];

  /** @type {Packed} */
  const { filename, files } = JSON.parse(pack.output);
  const strays = files.filter(({ path }) => /\.(test|test-d|bench)\.|tsbuildinfo/.test(path));
  const hasEntry = files.some(({ path }) => path === 'dist/index.js');
  const checks = await Promise.all([
    tell('publint', ['run', filename, '--strict'], folder),
    tell('attw', [filename, '--profile', 'esm-only', '--no-definitely-typed', '--no-emoji'], folder),
  ]);

  return [
    ...strays.map(({ path }) => `ships ${path}; leave it out in "files"`),
    ...(hasEntry ? [] : ['ships no dist/index.js; build first']),
    ...checks.filter(({ ok }) => !ok).map(({ output }) => output),
  ];
}

/**
 * Runs a tool and keeps what it said; a tool that finds fault ends with another code than 0.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
async function tell(command, args, cwd) {
  try {
    const { stdout } = await run(command, args, { cwd, maxBuffer: 64 * 1024 * 1024 });
    return { ok: true, output: stdout };
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      message,
    } = /** @type {import('node:child_process').ExecFileException} */ (error);
    return { ok: false, output: `${stdout}${stderr}` || message };
  }
}

const destination = mkdtempSync(join(tmpdir(), 'keyslot-packed-'));
try {
  const waiting = globSync('packages/*/package.json', { cwd: root })
    .filter((file) => !JSON.parse(readFileSync(join(root, file), 'utf8')).private)
    .map((file) => dirname(file))
    .sort();
  const worker = async () => {
    for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
      const faults = await faultsOf(join(root, folder), destination);
      console.log(`${folder}: ${faults.length === 0 ? 'fine' : faults.join('\n')}`);
      if (faults.length > 0) process.exitCode = 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
} finally {
  rmSync(destination, { recursive: true, force: true });
}
