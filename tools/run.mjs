/**
 * The door to this repository on a machine that has Node 18 or later with npm, and nothing else. Brings a current
 * Node and pnpm when the machine's own will not do, installs what the lock file names, and runs a command. Nothing
 * is installed globally, and root is not needed.
 *
 * Runs before anything is installed: no dependencies, and no syntax that Node 18 does not know.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askedToEnd, endAs, ended, exitCodeOf, say } from './run-child.mjs';
import { remember, toolchain } from './run-toolchain.mjs';

/** @typedef {import('./run-toolchain.mjs').Toolchain} Toolchain */
/** @typedef {[command: string, ...args: string[]]} Line */

const root = fileURLToPath(new URL('..', import.meta.url));
const modules = join(root, 'node_modules');

const HELP = `Usage: npm start | npm test | npm run <command>   [-- arguments]
       node tools/run.mjs <command> [arguments]

  start    a local six-node cluster, the example service and a load on it (--once: for half a minute)
  test     everything that must hold: format, lint, types, packages, unit and cluster tests
  check    the same without the tests
  bench    benchmarks beside bare ioredis
  soak     long searches for what must not be: stale values, over random interleavings and outages
  gen      what is generated: TypeScript from the Lua scripts

Arguments go to the command. NODE_VERSION=22 (or 24, 26) chooses the Node to run on; otherwise the
machine's own is used when it is 22.22 or later, 24, or 26 or later, and Node 24 is fetched if not.
`;

/**
 * What each command runs, one line after the other. `node` is the toolchain's.
 *
 * @type {Record<string, (args: string[]) => Line[]>}
 */
const COMMANDS = {
  start: (args) => [
    ['turbo', 'run', 'build', '--filter=./examples/places', '--output-logs=errors-only', '--log-prefix=none'],
    ['node', 'examples/places/dist/demo/main.js', ...args],
  ],
  test: (args) => [['node', 'tools/ci.mjs', ...args]],
  check: (args) => [['node', 'tools/ci.mjs', '--only', 'checks', ...args]],
  bench: (args) => [['node', '--conditions=@keyslot/source', 'test/bench/main.ts', ...args]],
  soak: (args) => [['node', '--conditions=@keyslot/source', 'test/soak/main.ts', ...args]],
  gen: (args) => [['node', 'tools/gen-lua.mjs', ...args]],
};

await main(process.argv.slice(2));

/** @param {string[]} argv */
async function main([command, ...args]) {
  if (command === '--help' || command === '-h') {
    process.stdout.write(HELP);
    return;
  }
  const linesOf = command !== undefined && Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (linesOf === undefined) {
    const got = command === undefined ? 'nothing' : `'${command}'`;
    process.stderr.write(`run: got ${got}; allowed: ${Object.keys(COMMANDS).join(', ')}\n\n${HELP}`);
    process.exitCode = 2;
    return;
  }

  const tools = await toolchain();
  await install(tools);
  remember(tools);
  for (const line of linesOf(args)) await run(tools, line);
}

/**
 * Installs what the lock file names, unless exactly that is installed already: pnpm keeps a copy of what is.
 *
 * @param {Toolchain} tools
 */
async function install(tools) {
  const copy = join(modules, '.pnpm', 'lock.yaml');
  const isThere = existsSync(join(modules, '.modules.yaml')) && existsSync(copy);
  if (isThere && readFileSync(copy, 'utf8') === readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')) return;

  say('installing what pnpm-lock.yaml names');
  // Where there is nobody to ask, pnpm must not ask.
  await run(tools, ['pnpm', 'install', '--frozen-lockfile', '--config.confirm-modules-purge=false']);
}

/**
 * Runs one line to its end. When it fails, or when we were asked to end meanwhile, we end as it did.
 *
 * @param {Toolchain} tools
 * @param {Line} line
 */
async function run(tools, [command, ...args]) {
  const path = [tools.path, join(modules, '.bin'), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
  // Looked for on the PATH of `env`, not on ours.
  const file = command === 'node' ? tools.node : command;
  const end = await ended(spawn(file, args, { cwd: root, stdio: 'inherit', env }), command);

  const asked = askedToEnd();
  if (end.code !== 0) await endAs(end);
  else if (asked !== undefined) process.exit(command === 'node' ? 0 : exitCodeOf(asked));
}
