import { channel } from 'node:diagnostics_channel';
import type { DecidedBy, RateLimitResult } from './result.ts';

/** A decision, without the subject. */
export interface DecisionTold {
  /** The limiter's name. */
  readonly limiter: string;
  readonly allowed: boolean;
  readonly decidedBy: DecidedBy;
  readonly limitedBy: RateLimitResult['limitedBy'];
  readonly cost: number;
}

/** What went wrong and was dealt with. */
export interface RateLimitProblemTold {
  readonly limiter: string;

  /**
   * - `unavailable`: the cluster could not be asked; the limiter's rule decided
   * - `not-refunded`: what was charged before a denial could not be given back
   * - `not-announced`: this process could not tell the others that it lives
   */
  readonly what: 'unavailable' | 'not-refunded' | 'not-announced';

  /** The error's code, or its name; `late` for places charged ahead that were not given back in time. */
  readonly why: string;
}

const decisions = channel('keyslot:rate-limit.decision');
const problems = channel('keyslot:rate-limit.problem');

export function tellDecision(limiter: string, cost: number, result: RateLimitResult): void {
  if (!decisions.hasSubscribers) return;
  const { allowed, decidedBy, limitedBy } = result;
  const told: DecisionTold = { limiter, allowed, decidedBy, limitedBy, cost };
  decisions.publish(told);
}

export function tellProblem(limiter: string, what: RateLimitProblemTold['what'], error: unknown): void {
  if (!problems.hasSubscribers) return;
  const { code, name } = error as { readonly code?: string; readonly name?: string };
  const told: RateLimitProblemTold = { limiter, what, why: code ?? name ?? String(error) };
  problems.publish(told);
}
