import { createHash } from 'node:crypto';
import { defineScript, type LuaSource, type Script, type ScriptArgs } from '@keyslot/cluster';

/** A script as `npm run gen` would write it. */
export function script<Keys extends string, Args extends ScriptArgs = Record<string, never>>(
  text: string,
  keys: readonly Keys[],
  args: readonly (keyof Args & string)[] = [],
  safety: 'read' | 'idempotent' | 'once' = 'once',
): Script<Keys, Args, unknown> {
  const sha1 = createHash('sha1').update(text).digest('hex');
  const source: LuaSource<Keys, Args> = { name: 'test', sha1, text, keys, args };
  return defineScript(source, safety, (reply) => (Buffer.isBuffer(reply) ? reply.toString() : reply));
}
