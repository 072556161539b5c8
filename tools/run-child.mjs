/** The one child that tools/run.mjs runs at a time, and the signals that both of them get. */
import { constants } from 'node:os';

/** @typedef {{ code: number | null, signal: NodeJS.Signals | null }} End */

/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** @type {import('node:child_process').ChildProcess | undefined} the child that runs now */
let child;

/** @type {NodeJS.Signals | undefined} the signal that asked us to end */
let asked;

for (const signal of SIGNALS) process.on(signal, () => passOn(signal));

/** The signal that asked us to end, if one did: then nothing further is begun. */
export function askedToEnd() {
  return asked;
}

/**
 * Waits for a child, to which signals go meanwhile.
 *
 * @param {import('node:child_process').ChildProcess} started
 * @param {string} command what to call it when it cannot be started
 * @returns {Promise<End>}
 */
export async function ended(started, command) {
  child = started;
  try {
    return await new Promise((/** @type {(end: End) => void} */ resolve, reject) => {
      started.once('error', reject);
      started.once('close', (code, signal) => resolve({ code, signal }));
    });
  } catch (error) {
    return fail(`${command} could not be started: ${String(error)}`);
  } finally {
    child = undefined;
  }
}

/**
 * Ends us as a child ended, for whoever waits for us.
 *
 * @param {End} end
 * @returns {Promise<never>}
 */
export async function endAs({ code, signal }) {
  if (signal === null) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Where nothing ends by that signal, we still do.
  return new Promise(() => setTimeout(() => process.exit(exitCodeOf(signal)), 1000));
}

/**
 * We end when our child has ended, however long it cleans up. Ctrl-C in a terminal reaches the child by itself, as it
 * does everybody in the foreground; passed on, it would count as a second, impatient one.
 *
 * @param {NodeJS.Signals} signal
 */
function passOn(signal) {
  const isTyped =
    signal === 'SIGINT' && (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
  const isNews = asked !== signal;
  asked = signal;
  if (child === undefined) process.exit(exitCodeOf(signal));
  // npm passes on what its child got already: the same again is no news.
  if (!isTyped && isNews) child.kill(signal);
}

/** @param {NodeJS.Signals} signal what a shell reports of a program that it ended */
export function exitCodeOf(signal) {
  return 128 + constants.signals[signal];
}

/** @param {string} text */
export function say(text) {
  process.stderr.write(`keyslot: ${text}\n`);
}

/**
 * @param {string} text
 * @returns {never}
 */
export function fail(text) {
  say(text);
  process.exit(1);
}
