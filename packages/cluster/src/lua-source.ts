declare const argTypes: unique symbol;

/**
 * A Lua script as `npm run gen` read it from its file: its text, and the names it gives to KEYS and ARGV.
 *
 * @typeParam Keys - the names of its keys, like `'entry'`
 * @typeParam Args - the names and types of its arguments, like `{ token: string | Buffer; ttlMs: number }`
 */
export interface LuaSource<Keys extends string, Args extends Record<string, string | number | Buffer>> {
  /** The file's name, for errors and telemetry. */
  readonly name: string;

  /** SHA-1 of `text`, as EVALSHA wants it. */
  readonly sha1: string;

  /** What is sent with EVAL, and what `sha1` was taken of. */
  readonly text: string;

  /** Names of KEYS, in order. */
  readonly keys: readonly Keys[];

  /** Names of ARGV, in order. */
  readonly args: readonly (keyof Args & string)[];

  /** Carries the types of the arguments; never present at run time. */
  readonly [argTypes]?: Args;
}
