import { defineScript, ScriptReplyError } from '@keyslot/cluster';
import { acquireLua, releaseLua, renewLua } from './generated.ts';

/** What came of asking for a lock. */
export type Answer =
  | { readonly kind: 'taken'; readonly fencing: number }
  | {
      readonly kind: 'refused';
      /** Until something changes by itself: a lease or somebody's turn ends. */
      readonly leftMs: number;
      /** How many wait ahead. */
      readonly ahead: number;
    };

/** Takes a lock, or a place among those who wait. Repeated, it finds its own token. */
export const acquire = defineScript(acquireLua, 'idempotent', (reply): Answer => {
  const [taken, first, second] = Array.isArray(reply) ? (reply as unknown[]) : [];
  if (taken === 1 && typeof first === 'number') return { kind: 'taken', fencing: first };
  if (taken === 0 && typeof first === 'number' && typeof second === 'number')
    return { kind: 'refused', leftMs: first, ahead: second };
  throw new ScriptReplyError('acquire');
});

/** Holds a lock for longer. */
export const renew = defineScript(renewLua, 'idempotent', (reply) => {
  if (reply === 1) return 'renewed';
  if (reply === 0) return 'lost';
  throw new ScriptReplyError('renew');
});

/**
 * Gives a lock or a place back. Harmless to repeat, but the second time it would say that there was nothing: who
 * repeats it has to know that he does.
 */
export const release = defineScript(releaseLua, 'once', (reply) => {
  if (reply === 2) return 'left';
  if (reply === 1) return 'released';
  if (reply === 0) return 'absent';
  throw new ScriptReplyError('release');
});
