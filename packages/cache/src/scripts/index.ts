import { defineScript, ScriptReplyError } from '@keyslot/cluster';
import { fillLua, releaseLua, renewLua } from './generated.ts';

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

function yesOrNo<Yes, No>(script: string, reply: unknown, yes: Yes, no: No): Yes | No {
  if (reply === 1) return yes;
  if (reply === 0) return no;
  throw new ScriptReplyError(script);
}
