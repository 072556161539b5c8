import { defineScript, ScriptReplyError } from '@keyslot/cluster';
import { spendLua, standingLua } from '../scripts/generated.ts';

/** What is counted under a key. */
export interface Count {
  readonly consumed: number;

  /** Until it is forgotten; -1 for never. */
  readonly leftMs: number;
}

/** Counts, and blocks at the line. `once`: repeated after its bytes were sent, it would count twice. */
export const spend = defineScript(spendLua, 'once', (reply): Count => countOf('spend', reply));

/** What is counted, or `null`. */
export const standing = defineScript(standingLua, 'read', (reply): Count | null =>
  reply === null ? null : countOf('standing', reply),
);

function countOf(script: string, reply: unknown): Count {
  const [consumed, leftMs] = Array.isArray(reply) ? (reply as unknown[]) : [];
  if (typeof consumed !== 'number' || typeof leftMs !== 'number') throw new ScriptReplyError(script);
  return { consumed, leftMs };
}
