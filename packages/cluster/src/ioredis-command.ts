import { Command } from 'ioredis';
import type { Argument } from './argument.ts';

/** What we use of an ioredis command, and what ioredis uses of ours. */
interface CommandShape {
  name: string;
  args: readonly Argument[];
  readonly promise: Promise<unknown> | undefined;
  transformed: boolean;
  stringifyArguments(): void;
  getKeys(): readonly (string | Buffer)[];
  toWritable(socket: object): string | Buffer;
  transformReply(reply: unknown): unknown;
}

type CommandConstructor = new (
  name: string,
  args: readonly Argument[],
  options: { readonly replyEncoding: BufferEncoding | null },
) => CommandShape;

// ioredis declares `resolve` and `reject` as properties that its constructor fills with closures. Ours are
// methods, which is the point: no closure per command. The cast is the price.
export const IoredisCommand = Command as unknown as CommandConstructor;

/** Written in place of a command that ended before it could be sent, because its reply is counted on. */
export const PLACEHOLDER = '*1\r\n$4\r\nPING\r\n';
