import { CommandFailedError } from '@keyslot/cluster';
import type { MemoryStore } from './memory-store.ts';

/** A reply as a server gives it, with strings as bytes. */
export type Reply = number | Buffer | null | readonly Reply[];

type Command = (store: MemoryStore, args: readonly Buffer[]) => Reply;

/** The commands that a cache sends by name. One that is missing here is refused, as by a server that is too old for it. */
const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['get', (store, [key]) => store.get(nameOf('GET', key))],
  ['del', (store, keys) => keys.filter((key) => store.delete(nameOf('DEL', key))).length],
  ['pttl', (store, [key]) => store.leftMs(nameOf('PTTL', key))],
  [
    'pexpire',
    (store, [key, ms]) => (store.expire(nameOf('PEXPIRE', key), timeOf('PEXPIRE', ms?.toString())) ? 1 : 0),
  ],
  ['set', set],
]);

/** @throws {CommandFailedError} for a command or an option that is not known */
export function execute(store: MemoryStore, name: string, args: readonly Buffer[]): Reply {
  const command = COMMANDS.get(name.toLowerCase());
  if (command === undefined) {
    throw new CommandFailedError(name.toUpperCase(), 'ERR the in-memory stand-in has no such command');
  }
  return command(store, args);
}

function set(store: MemoryStore, [first, value, ...options]: readonly Buffer[]): Reply {
  const key = nameOf('SET', first);
  if (value === undefined) throw wrongNumber('SET');
  let [onlyNew, wantsOld] = [false, false];
  let ttlMs: number | undefined;
  const rest = options.map(String).values();
  for (const option of rest) {
    const upper = option.toUpperCase();
    if (upper === 'NX') onlyNew = true;
    else if (upper === 'GET') wantsOld = true;
    else if (upper === 'PX' && ttlMs === undefined) ttlMs = timeOf('SET', rest.next().value);
    else throw new CommandFailedError('SET', 'ERR syntax error');
  }
  const old = store.get(key);
  const isRefused = onlyNew && old !== null;
  if (!isRefused) store.set(key, value, ttlMs);
  if (wantsOld) return old;
  return isRefused ? null : Buffer.from('OK');
}

/** @throws {CommandFailedError} for what is no time to live */
function timeOf(command: string, text: string | undefined): number {
  if (text === undefined) throw new CommandFailedError(command, 'ERR syntax error');
  const ms = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(ms)) {
    throw new CommandFailedError(command, 'ERR value is not an integer or out of range');
  }
  if (ms <= 0) throw new CommandFailedError(command, 'ERR invalid expire time');
  return ms;
}

function nameOf(command: string, key: Buffer | undefined): string {
  if (key === undefined) throw wrongNumber(command);
  return key.toString();
}

function wrongNumber(command: string): CommandFailedError {
  return new CommandFailedError(command, 'ERR wrong number of arguments');
}
