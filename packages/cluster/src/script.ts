import type { Safety } from './call.ts';
import type { LuaSource } from './lua-source.ts';

/** The arguments that a script's Lua file names, with their types. */
export type ScriptArgs = Record<string, string | number | Buffer>;

/** A one-slot Lua script with named keys and arguments, and a reply that is parsed. */
export interface Script<Keys extends string, Args extends ScriptArgs, Reply> {
  readonly source: LuaSource<Keys, Args>;
  readonly safety: Safety;
  parse(reply: unknown): Reply;
}

/**
 * Makes a script out of what `npm run gen` read from its `.lua` file.
 *
 * It is sent by its hash (EVALSHA), and by its text to a node that does not know it yet; nothing has to be
 * loaded beforehand.
 *
 * @param safety - whether the client may repeat it after its bytes were sent. A script that compares a token
 *   first is usually `'idempotent'`.
 * @param parse - makes a typed reply of the raw one; strings arrive as `Buffer`. Throw a `ScriptReplyError`
 *   for what is not known.
 */
export function defineScript<Keys extends string, Args extends ScriptArgs, Reply>(
  source: LuaSource<Keys, Args>,
  safety: Safety,
  parse: (reply: unknown) => Reply,
): Script<Keys, Args, Reply> {
  return { source, safety, parse };
}
