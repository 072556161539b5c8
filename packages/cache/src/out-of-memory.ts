import { CommandFailedError } from '@keyslot/cluster';

/** Whether the server refused a write because its memory is full: then nothing was written, and nothing still will be. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof CommandFailedError && error.reply === 'OOM';
}
