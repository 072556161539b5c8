import fc from 'fast-check';
import type { Algorithm, LimitOptions } from '../limit-options.ts';

/** One step of a schedule: what is done, and how long after the one before. */
export interface Step {
  readonly op: 'consume' | 'short' | 'peek' | 'penalty' | 'reward' | 'block';
  readonly cost: number;

  /** Which of the schedule's plans. */
  readonly plan: number;

  /** How much later, in windows of the first limit: a negative one sets the clock back. */
  readonly windows: number;

  /** And in microseconds. */
  readonly us: number;
}

/** What happens to one subject, with the clock's every tick. */
export interface Schedule {
  readonly start: number;
  readonly plans: readonly (readonly LimitOptions[])[];
  readonly steps: readonly Step[];
}

/** 2026, in microseconds. */
const START_US = 1_795_000_000_000_000;

const COUNTERS = ['gcra', 'token-bucket', 'fixed-window', 'sliding-window'] as const;

function limit(algorithms: readonly Algorithm[]): fc.Arbitrary<LimitOptions> {
  return fc
    .record({
      algorithm: fc.constantFrom(...algorithms),
      limit: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(50, 100, 1000)),
      per: fc.oneof(
        fc.constantFrom(1, 2, 500, 1000, 60_000, 86_400_000, 2_592_000_000),
        fc.integer({ min: 1, max: 5000 }),
      ),
      burst: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    })
    .map(({ burst, algorithm, ...rest }) => {
      // What gcra refuses is for another test.
      const exact = algorithm === 'gcra' && rest.limit > rest.per * 10 ? 'token-bucket' : algorithm;
      const hasBurst = burst !== undefined && (exact === 'gcra' || exact === 'token-bucket');
      return { ...rest, algorithm: exact, ...(hasBurst && { burst }) };
    });
}

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('consume' as const, 'short' as const) },
    { weight: 2, arbitrary: fc.constantFrom('peek' as const, 'penalty' as const, 'reward' as const) },
    { weight: 1, arbitrary: fc.constant('block' as const) },
  ),
  cost: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 15 })),
  plan: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  windows: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(0, 0, 0.1, 0.25, 0.5, 1) },
    { weight: 3, arbitrary: fc.double({ min: 0, max: 2.5, noNaN: true }) },
    { weight: 1, arbitrary: fc.double({ min: -3, max: 0, noNaN: true }) },
  ),
  us: fc.oneof(fc.constantFrom(0, 0, 1, -1), fc.integer({ min: 0, max: 3000 })),
});

function schedules(plan: fc.Arbitrary<LimitOptions[]>): fc.Arbitrary<Schedule> {
  return fc.record({
    start: fc.integer({ min: START_US, max: START_US * 2 }),
    plans: fc.tuple(plan, plan),
    steps: fc.array(step, { minLength: 1, maxLength: 24 }),
  });
}

/** Schedules of subjects with one to three counters. */
export const counterSchedules = schedules(
  fc.oneof(
    fc.array(limit(['gcra']), { minLength: 1, maxLength: 1 }),
    fc.array(limit(COUNTERS), { minLength: 1, maxLength: 3 }),
  ),
);

/** Schedules of subjects with a log. */
export const logSchedules = schedules(fc.array(limit(['sliding-log']), { minLength: 1, maxLength: 1 }));
