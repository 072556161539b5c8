import type { CallOptions } from '@keyslot/cluster';
import { toMs } from '@keyslot/kernel';
import type { ConsumeOptions } from './rate-limiter-options.ts';

/** How the limiter's calls are made, with one call's own choices. The same object when it makes none. */
export function callFor(limiters: CallOptions, own: ConsumeOptions | undefined): CallOptions {
  if (own?.signal === undefined && own?.deadline === undefined) return limiters;
  return {
    ...limiters,
    ...(own.deadline !== undefined && { deadline: own.deadline }),
    ...(own.signal !== undefined && { signal: own.signal }),
  };
}

/**
 * How a decision is asked about again, after so many milliseconds: its deadline is one for all that is asked. Where nothing
 * is left, the question that is sent all the same ends at once, with the client's own error.
 */
export function whatIsLeft(call: CallOptions, spentMs: number): CallOptions {
  if (call.deadline === undefined || spentMs < 1) return call;
  return { ...call, deadline: Math.max(1, Math.ceil(toMs(call.deadline, 'deadline') - spentMs)) };
}
