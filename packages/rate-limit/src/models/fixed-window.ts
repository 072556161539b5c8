import type { CounterModel } from './counter-model.ts';

/** When the window began, which is with the first charge, and what was charged since. */
export interface FixedWindowState {
  readonly start: number;
  readonly count: number;
}

/** So many within a window that begins with the first; then a new one. */
export const fixedWindow: CounterModel<FixedWindowState> = {
  see(limit, state, now) {
    if (state === undefined) return { state: { start: now, count: 0 }, mended: false };
    const mended = state.start > now;
    const start = mended ? now : state.start;
    return {
      state: now - start < limit.a ? { start, count: state.count } : { start: now, count: 0 },
      mended,
    };
  },
  used: (_, { count }) => count,
  add: (_, { start, count }, charge) => ({ start, count: Math.max(count + charge, 0) }),
  waitUs: (limit, { start }, now) => start + limit.a - now,
  resetUs: (limit, { start, count }, now) => (count > 0 ? start + limit.a - now : 0),
};
