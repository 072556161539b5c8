import type { Argument } from './argument.ts';
import { CommandFailedError } from './errors.ts';

/** The error that a caller gets for an error reply. */
export function commandFailed(
  {
    command,
    name,
    args,
  }: { readonly command: string; readonly name: string; readonly args: readonly Argument[] },
  message: string,
): CommandFailedError {
  return new CommandFailedError(command, shownOf(message, name, args));
}

const CODE = /^[A-Z][A-Z0-9_]*(?= |$)/;

/** Where in the server's words a caller's own may begin: it quotes them, or puts them after a colon. */
const EMBEDDED = /['"`:]|\d/;

const SCRIPTS = /^(eval|evalsha|fcall)(_ro)?$/i;

/** The first word of an error reply, like `WRONGTYPE`; `undefined` when it is no code. */
export function codeOf(message: string): string | undefined {
  return CODE.exec(message)?.[0];
}

/**
 * What may be shown of an error reply: its code, and its words up to where the command's name, keys or
 * arguments might be repeated. What a script says may hold anything, so of that only the code and the line.
 */
export function shownOf(message: string, name: string, args: readonly Argument[]): string {
  const code = codeOf(message);
  if (SCRIPTS.test(name)) {
    const line = /_(?:script|function):(\d+)/.exec(message)?.[1];
    return line === undefined ? (code ?? 'ERR') : `${code ?? 'ERR'} (line ${line} of the script)`;
  }
  const words = code === undefined ? ` ${message}` : message.slice(code.length);
  const ends = [words.search(EMBEDDED), ...args.map((arg) => placeOf(arg, words))].filter((at) => at >= 0);
  const end = Math.min(words.length, ...ends);
  return `${code ?? 'ERR'}${words.slice(0, end).trimEnd()}${end < words.length ? ' …' : ''}`;
}

/** Where an argument is repeated as it is, or -1. The server writes an argument's line ends as spaces. */
function placeOf(arg: Argument, words: string): number {
  if (typeof arg !== 'number' && (arg.length === 0 || arg.length > Buffer.byteLength(words))) return -1;
  const text = ` ${String(arg).replaceAll(/[\r\n]/g, ' ')}`;
  for (let at = words.indexOf(text); at >= 0; at = words.indexOf(text, at + 1)) {
    if (!/\w/.test(words.charAt(at + text.length))) return at;
  }
  return -1;
}
