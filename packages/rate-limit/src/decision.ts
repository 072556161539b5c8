import { ScriptReplyError } from '@keyslot/cluster';
import type { Limit } from './limit.ts';
import type { RateLimitResult, RateLimitState } from './result.ts';

/** What is said of one limit. */
interface Standing {
  /** How much more fits in, in the limit's own units; negative after a penalty. */
  readonly free: number;

  /** Until the cost would fit in, in microseconds. */
  readonly retryUs: number;

  /** Until it is as if never used, in microseconds. */
  readonly resetUs: number;
}

/** What a script, or its model, decided. */
export interface Decision {
  readonly admitted: boolean;

  /** For how long the subject stays blocked, in microseconds. */
  readonly blockedUs: number;

  /** One for each limit. */
  readonly standings: readonly Standing[];
}

/** @throws {ScriptReplyError} for what is no such reply. */
export function decisionOf(script: string, reply: unknown): Decision {
  if (
    !Array.isArray(reply) ||
    reply.length < 5 ||
    reply.length % 3 !== 2 ||
    !reply.every(Number.isSafeInteger)
  )
    throw new ScriptReplyError(script);
  const [admitted, blockedUs, ...numbers] = reply as [number, number, ...number[]];
  const standings = Array.from({ length: numbers.length / 3 }, (_, i): Standing => {
    const [free = 0, retryUs = 0, resetUs = 0] = numbers.slice(3 * i, 3 * i + 3);
    return { free, retryUs, resetUs };
  });
  return { admitted: admitted === 1, blockedUs, standings };
}

/**
 * What the caller is told after the short way, whose one number says it all: microseconds until the bucket is empty,
 * negative when it was denied.
 */
export function shortResult(level: number, { limit, unit, capacity }: Limit, cost: number): RateLimitResult {
  const allowed = level >= 0;
  const resetUs = allowed ? level : -level;
  return {
    allowed,
    limit,
    remaining: resetUs >= capacity ? 0 : Math.floor((capacity - resetUs) / unit),
    retryAfterMs: allowed ? 0 : Math.ceil((resetUs + cost * unit - capacity) / 1000),
    resetMs: Math.ceil(resetUs / 1000),
    limitedBy: allowed ? undefined : 0,
    decidedBy: 'cluster',
  };
}

/** What the caller is told: of the limit that denied for longest, or that is nearest to being reached. */
export function resultOf(decision: Decision, limits: readonly Limit[]): RateLimitResult {
  const { admitted, blockedUs, standings } = decision;
  let chosen = 0;
  for (let i = 1; i < standings.length; i++)
    if (admitted ? share(i) < share(chosen) : retry(i) > retry(chosen)) chosen = i;

  const isBlock = !admitted && blockedUs >= retry(chosen);
  return {
    allowed: admitted,
    ...stateOf(standings[chosen], limits[chosen]),
    ...(isBlock && { remaining: 0 }),
    retryAfterMs: admitted ? 0 : Math.ceil(Math.max(blockedUs, retry(chosen)) / 1000),
    limitedBy: admitted ? undefined : isBlock ? 'block' : chosen,
    decidedBy: 'cluster',
  };

  function share(i: number): number {
    return (standings[i]?.free ?? 0) / (limits[i]?.unit ?? 1);
  }
  function retry(i: number): number {
    return standings[i]?.retryUs ?? 0;
  }
}

/** What is used of the limit that is nearest to being reached. */
export function nearestOf({ standings }: Decision, limits: readonly Limit[]): RateLimitState {
  const states = standings.map((standing, i) => stateOf(standing, limits[i]));
  return states.reduce((nearest, state) => (state.remaining < nearest.remaining ? state : nearest));
}

function stateOf(standing: Standing | undefined, limit: Limit | undefined): RateLimitState {
  if (standing === undefined || limit === undefined) throw new ScriptReplyError('charge');
  return {
    limit: limit.limit,
    remaining: Math.max(0, Math.floor(standing.free / limit.unit)),
    resetMs: Math.ceil(standing.resetUs / 1000),
  };
}
