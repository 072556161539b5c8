import type { LeaseDecision } from '../scripts/index.ts';
import type { Kept } from './counters.ts';

/** Who holds a place, and until when. */
export type Leases = ReadonlyMap<string, number>;

/** What is asked of a subject's places. */
export interface LeaseRequest {
  readonly id: string;
  readonly limit: number;
  readonly leaseUs: number;

  /** `renew`: only a place that is held; `peek`: change nothing. */
  readonly mode: 'take' | 'renew' | 'peek';
}

/** Gives a holder one of a subject's places, or denies: what `take-lease.lua` does. */
export function takeLease(
  known: Leases | undefined,
  now: number,
  { id, limit, leaseUs, mode }: LeaseRequest,
): { readonly decision: LeaseDecision; readonly kept: Kept<Leases> | undefined } {
  const holding = new Map([...(known ?? [])].filter(([, until]) => until > now));
  const admitted = holding.has(id) || (mode !== 'renew' && holding.size < limit);
  // More may hold a place than there are, when the limit was a greater one.
  const next = [...holding.values()].toSorted((a, b) => a - b)[Math.max(holding.size - limit, 0)] ?? now;
  const isKept = admitted && mode !== 'peek';
  const after = isKept ? new Map(holding).set(id, now + leaseUs) : holding;
  const decision = {
    admitted,
    free: limit - after.size,
    retryUs: admitted ? 0 : next - now,
    resetUs: Math.max(0, ...[...after.values()].map((until) => until - now)),
  };
  return { decision, kept: isKept ? { value: after, forUs: decision.resetUs } : undefined };
}
