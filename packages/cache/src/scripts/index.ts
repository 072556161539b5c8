import { defineScript, ScriptReplyError } from '@keyslot/cluster';
import { fillLua, markLua, releaseLua, renewLua, retimeLua } from './generated.ts';

/** Stores a loaded value if the lease is still there. */
export const fill = defineScript(fillLua, 'idempotent', (reply) =>
  yesOrNo('fill', reply, 'filled', 'superseded'),
);

/** Keeps a lease for longer if it is still there. */
export const renew = defineScript(renewLua, 'idempotent', (reply) =>
  yesOrNo('renew', reply, 'renewed', 'lost'),
);

/** Removes what was seen if it is still there. */
export const release = defineScript(releaseLua, 'idempotent', (reply) =>
  yesOrNo('release', reply, 'removed', 'changed'),
);

/** Changes the times of a value that is there. */
export const retime = defineScript(retimeLua, 'idempotent', (reply) =>
  reply === 2 ? 'removed' : yesOrNo('retime', reply, 'changed', 'absent'),
);

/** What came of marking a lease: it is there, or what is there instead. */
export type Marked =
  | { readonly kind: 'waiting'; readonly willTell: boolean; readonly leftMs: number }
  | { readonly kind: 'ended'; readonly bytes: Buffer | null };

/** Has a lease say when it ends, if it is still there. */
export const mark = defineScript(markLua, 'idempotent', (reply): Marked => {
  if (reply === null || Buffer.isBuffer(reply)) return { kind: 'ended', bytes: reply };
  const [marked, leftMs] = Array.isArray(reply) ? (reply as unknown[]) : [];
  if ((marked !== 0 && marked !== 1) || typeof leftMs !== 'number') throw new ScriptReplyError('mark');
  return { kind: 'waiting', willTell: marked === 1, leftMs };
});

function yesOrNo<Yes, No>(script: string, reply: unknown, yes: Yes, no: No): Yes | No {
  if (reply === 1) return yes;
  if (reply === 0) return no;
  throw new ScriptReplyError(script);
}
