import { CommandFailedError } from '@keyslot/cluster';

/** Whether a server refused a command because this user may not do that, now or later. */
export function isNotPermitted(error: unknown): boolean {
  return error instanceof CommandFailedError && error.reply === 'NOPERM';
}
