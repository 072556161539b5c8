import type { Kept } from './counters.ts';

/** What was counted, and until when: a window, or a block that has taken its place. */
export interface Hits {
  readonly total: number;
  readonly isBlocked: boolean;
  readonly untilMs: number;
}

/** One request, as the throttler describes it. */
export interface HitRequest {
  readonly windowMs: number;
  readonly limit: number;
  readonly blockMs: number;
}

/** What `hit.lua` does. */
export function hit(
  known: Hits | undefined,
  nowMs: number,
  { windowMs, limit, blockMs }: HitRequest,
): {
  readonly reply: [total: number, leftMs: number, blocked: 0 | 1];
  readonly kept: Kept<Hits> | undefined;
} {
  const before = known !== undefined && nowMs < known.untilMs ? known : undefined;
  if (before?.isBlocked) return { reply: [before.total, before.untilMs - nowMs, 1], kept: undefined };

  const total = (before?.total ?? 0) + 1;
  const leftMs = before === undefined ? windowMs : before.untilMs - nowMs;
  if (total <= limit) return { reply: [total, leftMs, 0], kept: keep(total, false, leftMs) };
  if (blockMs > 0) return { reply: [total, blockMs, 1], kept: keep(total, true, blockMs) };
  return { reply: [total, leftMs, 1], kept: undefined };

  function keep(count: number, isBlocked: boolean, forMs: number): Kept<Hits> {
    return { value: { total: count, isBlocked, untilMs: nowMs + forMs }, forUs: forMs * 1000 };
  }
}
