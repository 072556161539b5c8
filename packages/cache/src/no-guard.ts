import type { WriteGuard } from './write-guard.ts';

/** What decides whether a write is sent. */
export type Guarding = Pick<WriteGuard, 'decide' | 'mayLead' | 'learnOom' | 'close'>;

/** Sends everything: for those who would rather have the server decide. */
export const NO_GUARD: Guarding = {
  decide: ({ ttlMs }) => ({ kind: 'store', ttlMs }),
  mayLead: () => true,
  learnOom: () => {},
  close: () => {},
};
