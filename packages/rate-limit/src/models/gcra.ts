import type { CounterModel } from './counter-model.ts';

/**
 * The generic cell rate algorithm, in its form of virtual scheduling (ITU-T I.371, ATM Forum TM 4.0): the state is when the
 * bucket will be empty, the theoretical arrival time of the next cell.
 */
export const gcra: CounterModel<number> = {
  see(limit, emptyAt, now) {
    if (emptyAt === undefined || emptyAt <= now) return { state: now, mended: false };
    // Further ahead than it can have been put: the clock was set back, or the limit is a smaller one now.
    if (emptyAt - now > 2 * limit.capacity) return { state: now + limit.capacity, mended: true };
    return { state: emptyAt, mended: false };
  },
  used: (_, emptyAt, now) => emptyAt - now,
  add: (_, emptyAt, charge, now) => Math.max(emptyAt + charge, now),
  waitUs: (_limit, _emptyAt, _now, over) => over,
  resetUs: (_, emptyAt, now) => emptyAt - now,
};
