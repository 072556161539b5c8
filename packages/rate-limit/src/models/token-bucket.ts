import { type CounterModel, ceilDiv } from './counter-model.ts';

/** What was missing from the bucket, and when. A token is `token` of it, `b` now; `a` of it comes back each microsecond. */
export interface TokenBucketState {
  readonly level: number;
  readonly at: number;
  readonly token: number;
}

/** A bucket of tokens that fills up continuously, counted by what is missing from it. */
export const tokenBucket: CounterModel<TokenBucketState> = {
  see(limit, state, now) {
    if (state === undefined) return { state: { level: 0, at: now, token: limit.b }, mended: false };
    const mended = state.at > now;
    const elapsed = mended ? 0 : now - state.at;
    // Under another plan a token was another amount.
    const was = state.token === limit.b ? state.level : Math.ceil((state.level / state.token) * limit.b);
    const level = Math.max(Math.min(was, 2 * limit.capacity) - elapsed * limit.a, 0);
    return { state: { level, at: now, token: limit.b }, mended };
  },
  used: (_, { level }) => level,
  add: (_, { level, ...rest }, charge) => ({ ...rest, level: Math.max(level + charge, 0) }),
  waitUs: (limit, _state, _now, over) => ceilDiv(over, limit.a),
  resetUs: (limit, { level }) => ceilDiv(level, limit.a),
};
