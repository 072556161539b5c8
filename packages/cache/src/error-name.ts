import { CommandFailedError } from '@keyslot/cluster';

/** What kind of error was thrown. Its message may hold data. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'not an Error';
}

/** The same, or what a server that refused a command says by its first word. */
export function replyOrNameOf(error: unknown): string {
  return error instanceof CommandFailedError ? error.reply : nameOf(error);
}
