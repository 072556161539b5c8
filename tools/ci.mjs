/**
 * Everything that must hold before a change is merged; `npm test` and `.ci/run` run this. Wants Node 24 and installed
 * dependencies, both of which tools/run.mjs sees to.
 */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { STEPS, select, TRACE } from './ci-steps.mjs';
import { RunFolder } from './run-folder.mjs';

/** @typedef {{ name: string, outcome: 'passed' | 'failed' | 'not run', seconds: number }} Result */

const root = fileURLToPath(new URL('..', import.meta.url));
const GRACE_MS = 3000;

/** The child that runs now, and the signal that ended this run, if one did. */
const now =
  /** @type {{ child?: import('node:child_process').ChildProcess, signal?: NodeJS.Signals }} */ ({});

function usage() {
  const line = (/** @type {{ name: string, title: string }} */ { name, title }) =>
    `  ${name.padEnd(10)}${title}`;
  const group = (/** @type {string} */ wanted) => STEPS.filter((each) => each.group === wanted).map(line);
  return [
    'Usage: npm test -- [--only STEP|GROUP]... [--bail]',
    '',
    '  --only   run these only; may be given more than once, or with commas',
    '  --bail   stop at the first step that fails',
    '',
    'checks',
    ...group('checks'),
    'tests',
    ...group('tests'),
    line(TRACE),
  ].join('\n');
}

/**
 * @param {string[]} command
 * @param {Record<string, string>} environment
 * @returns {Promise<boolean>} whether it ended with 0
 */
function succeeds([command = '', ...args], environment) {
  return new Promise((resolve) => {
    const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
    const env = {
      ...process.env,
      ...environment,
      PATH: path,
      TURBO_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
    };
    const child = spawn(command === 'node' ? process.execPath : command, args, {
      cwd: root,
      stdio: 'inherit',
      env,
    });
    now.child = child;
    child.once('error', (error) => {
      console.error(`${command} cannot be started: ${error.message}`);
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
}

/**
 * @param {{ name: string, title: string }} step
 * @param {() => Promise<boolean>} work
 * @returns {Promise<Result>}
 */
async function timed({ name, title }, work) {
  console.log(`\n▶ ${name}: ${title}`);
  const start = performance.now();
  const passed = await work();
  const seconds = (performance.now() - start) / 1000;
  console.log(`${passed ? '✔' : '✘'} ${name} ${passed ? 'passed' : 'failed'} in ${seconds.toFixed(1)} s`);
  return { name, outcome: passed ? 'passed' : 'failed', seconds };
}

/**
 * @param {readonly string[][]} commands
 * @param {Record<string, string>} environment
 */
async function allSucceed(commands, environment) {
  for (const command of commands) {
    if (now.signal || !(await succeeds(command, environment))) return false;
  }
  return true;
}

/** @param {RunFolder} folder */
async function leavesNothing(folder) {
  const processes = await folder.processes(GRACE_MS);
  for (const { pid, command } of processes) {
    console.error(`still running: ${pid} ${command} (ended now)`);
    process.kill(pid, 'SIGKILL');
  }
  const files = folder.files();
  for (const name of files) console.error(`not removed: ${name}`);
  return processes.length === 0 && files.length === 0;
}

/** @param {Result[]} results */
function report(results) {
  const count = (/** @type {Result['outcome']} */ outcome) =>
    results.filter((each) => each.outcome === outcome).length;
  console.log('\nstep       result    seconds');
  for (const { name, outcome, seconds } of results) {
    console.log(`${name.padEnd(11)}${outcome.padEnd(10)}${seconds.toFixed(1).padStart(7)}`);
  }
  console.log(`\n${count('passed')} passed, ${count('failed')} failed`);
  return count('failed') === 0 && count('not run') === 0;
}

function readCommandLine() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      bail: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return { ...values, ...select(values.only.flatMap((each) => each.split(','))) };
}

/**
 * @param {ReturnType<typeof readCommandLine>} options
 * @returns {Promise<boolean>} whether everything that was asked for passed
 */
async function main({ steps, trace, bail }) {
  const folder = new RunFolder();
  /** @type {Result[]} */
  const results = [];
  try {
    for (const step of steps) {
      const isOver =
        now.signal !== undefined || (bail && results.some(({ outcome }) => outcome === 'failed'));
      results.push(
        isOver
          ? { name: step.name, outcome: 'not run', seconds: 0 }
          : await timed(step, () => allSucceed(step.commands, folder.environment)),
      );
    }
    if (trace) results.push(await timed(TRACE, () => leavesNothing(folder)));
  } finally {
    folder.remove();
  }
  return report(results);
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    now.signal = signal;
    // A terminal tells the whole group of Ctrl-C, and vitest takes a second one for "at once, without clean-up".
    if (signal !== 'SIGINT' || !process.stdin.isTTY) now.child?.kill(signal);
  });
}

/** @type {ReturnType<typeof readCommandLine> | undefined} */
let options;
try {
  options = readCommandLine();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage()}`);
  process.exitCode = 2;
}
if (options?.help) console.log(usage());
else if (options && !(await main(options))) process.exitCode = 1;
