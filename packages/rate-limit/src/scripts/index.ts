import { defineScript, type Safety, ScriptReplyError } from '@keyslot/cluster';
import { type Decision, decisionOf } from '../decision.ts';
import { blockLogLua, blockLua, chargeLua, gcraLua, logLua, takeLeaseLua } from './generated.ts';

/*
 * What charges is `once`: repeated after its bytes were sent, it would charge twice. Refusals and redirects of a node
 * that did not execute it are followed all the same, so a slot that moves costs no error.
 */

/** Charges a subject's only limit: microseconds until its bucket is empty, negative when denied; `null`: ask {@link charge}. */
export const gcra = defineScript(gcraLua, 'once', (reply): number | null => {
  if (typeof reply === 'number' || reply === null) return reply;
  throw new ScriptReplyError('gcra');
});

/** Charges all limits of a subject, or none. */
export const charge = defineScript(chargeLua, 'once', (reply): Decision => decisionOf('charge', reply));

/** Says what charging would do. */
export const look = safely(charge, 'read');

/** Denies a subject everything for a time. Blocked twice is blocked. */
export const block = defineScript(blockLua, 'idempotent', (reply) => done('block', reply));

/** Charges a limit that remembers each admission, or denies. */
export const log = defineScript(logLua, 'once', (reply): Decision => decisionOf('log', reply));

/** Says what charging a log would do. */
export const lookAtLog = safely(log, 'read');

/** Denies a subject with a log everything for a time. */
export const blockLog = defineScript(blockLogLua, 'idempotent', (reply) => done('block-log', reply));

/** What came of asking for a lease. */
export interface LeaseDecision {
  readonly admitted: boolean;
  readonly free: number;
  readonly retryUs: number;
  readonly resetUs: number;
}

/** Gives a holder one of a subject's places, or denies. The same id finds the place that it has. */
export const takeLease = defineScript(takeLeaseLua, 'idempotent', (reply): LeaseDecision => {
  if (!Array.isArray(reply) || reply.length !== 4 || !reply.every(Number.isSafeInteger))
    throw new ScriptReplyError('take-lease');
  const [admitted, free, retryUs, resetUs] = reply as [number, number, number, number];
  return { admitted: admitted === 1, free, retryUs, resetUs };
});

/** Says who holds places. */
export const lookAtLeases = safely(takeLease, 'read');

function safely<S extends { readonly safety: Safety }>(script: S, safety: Safety): S {
  return { ...script, safety };
}

function done(script: string, reply: unknown): void {
  if (reply !== 1) throw new ScriptReplyError(script);
}
