import { type CounterModel, ceilDiv, type ModelLimit } from './counter-model.ts';

/** When the window began, what was charged since, and what was charged in the one before. */
export interface SlidingWindowState {
  readonly start: number;
  readonly count: number;
  readonly before: number;
}

/**
 * A window that moves, by the counts of two fixed ones: of the one before counts the share that the moving window still
 * covers, rounded up to a step, as if what was charged had been spread evenly.
 */
export const slidingWindow: CounterModel<SlidingWindowState> = {
  see(limit, state, now) {
    if (state === undefined) return { state: { start: now, count: 0, before: 0 }, mended: false };
    const mended = state.start > now;
    const start = mended ? now : state.start;
    const windows = Math.floor((now - start) / limit.a);
    if (windows === 0) return { state: { ...state, start }, mended };
    if (windows === 1) return { state: { start: start + limit.a, count: 0, before: state.count }, mended };
    return { state: { start: now, count: 0, before: 0 }, mended };
  },
  used: (limit, { start, count, before }, now) =>
    before * ceilDiv(start + limit.a - now, limit.b) + count * stepsOf(limit),
  add: (limit, { start, count, before }, charge) => ({
    start,
    count: Math.max(count + Math.floor(charge / stepsOf(limit)), 0),
    before,
  }),
  waitUs(limit, { start, count, before }, now, _over, charge) {
    const steps = stepsOf(limit);
    const room = limit.capacity - charge - count * steps;
    if (room >= 0) return start + limit.a - now - Math.floor(room / before) * limit.b;
    // Not before the next window, where what counts now is what counted before.
    const weight = Math.min(Math.floor((limit.capacity - charge) / count), steps);
    return start + 2 * limit.a - now - Math.min(weight * limit.b, limit.a);
  },
  resetUs(limit, { start, count, before }, now) {
    if (count > 0) return start + 2 * limit.a - now;
    return before > 0 ? start + limit.a - now : 0;
  },
};

function stepsOf(limit: ModelLimit): number {
  return ceilDiv(limit.a, limit.b);
}
