import { type CounterModel, ceilDiv } from './counter-model.ts';

/** How full the bucket was, and when. A token is `unit` of it; `a` of it comes back each microsecond. */
export interface TokenBucketState {
  readonly level: number;
  readonly at: number;
}

/** A bucket of tokens that fills up continuously, counted by what is missing from it. */
export const tokenBucket: CounterModel<TokenBucketState> = {
  see(limit, state, now) {
    if (state === undefined) return { state: { level: 0, at: now }, mended: false };
    const mended = state.at > now;
    const elapsed = mended ? 0 : now - state.at;
    const level = Math.max(Math.min(state.level, 2 * limit.capacity) - elapsed * limit.a, 0);
    return { state: { level, at: now }, mended };
  },
  used: (_, { level }) => level,
  add: (_, { level, at }, charge) => ({ level: Math.max(level + charge, 0), at }),
  waitUs: (limit, _state, _now, over) => ceilDiv(over, limit.a),
  resetUs: (limit, { level }) => ceilDiv(level, limit.a),
};
