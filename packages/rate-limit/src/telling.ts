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

  /** The error's code, and the server's; or its name. */
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
  const { code, reply, name } = error as Partial<Record<'code' | 'reply' | 'name', string>>;
  const why = [code ?? name ?? String(error), reply].filter(Boolean).join(' ');
  const told: RateLimitProblemTold = { limiter, what, why };
  problems.publish(told);
}
