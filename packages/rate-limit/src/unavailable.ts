import { CommandFailedError } from '@keyslot/cluster';
import { isKeyslotError } from '@keyslot/kernel';
import type { RateLimitResult } from './result.ts';

/** What a limiter does when the cluster cannot be asked. */
export type OnUnavailable = 'throw' | 'open' | 'closed' | 'local';

/** What never is an outage: the caller gave up, the client is closed, or the call cannot be made at all. */
const NEVER = new Set([
  'CLUSTER_ABORTED',
  'CLUSTER_CLIENT_CLOSED',
  'CLUSTER_CROSS_SLOT',
  'CLUSTER_SCRIPT_REPLY',
  'KERNEL_INVALID_OPTION',
]);

/**
 * What a server answers until somebody corrects something: a permission that is missing, a key that holds something else. A
 * rule would hide that, and `'open'` admit everybody. `ERR` is how it tells that a script of ours may not do something; what
 * goes by, like `LOADING` or `OOM`, has a word of its own.
 */
const MISTAKES = new Set(['NOPERM', 'NOAUTH', 'WRONGPASS', 'WRONGTYPE', 'ERR']);

/** Whether an error means that nobody decided, so that the rule does. */
export function isOutage(error: unknown): boolean {
  if (!isKeyslotError(error) || !error.code.startsWith('CLUSTER_') || NEVER.has(error.code)) return false;
  return !(error instanceof CommandFailedError && MISTAKES.has(error.reply));
}

/** When to try again after nobody decided, in milliseconds: a guess. */
const TRY_AGAIN_MS = 1_000;

/** What is said when nobody decided. */
export function undecided(how: 'open' | 'closed', limit: number): RateLimitResult {
  return {
    allowed: how === 'open',
    limit,
    remaining: 0,
    retryAfterMs: how === 'open' ? 0 : TRY_AGAIN_MS,
    resetMs: 0,
    limitedBy: undefined,
    decidedBy: how,
  };
}
