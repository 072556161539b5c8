import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../decision.ts';
import type { Algorithm, LimitOptions } from '../limit-options.ts';
import { type MemoryKey, runInMemory } from '../memory-scripts.ts';
import { argumentFor, planOf } from '../plan.ts';
import { charge as chargeScript, log as logScript } from '../scripts/index.ts';

/** One subject of a limiter with one limit, on a clock that is given. */
class Subject {
  readonly #plan;
  #key: MemoryKey | undefined;

  constructor(options: LimitOptions) {
    this.#plan = planOf([options]);
  }

  ask(mode: 'consume' | 'peek', cost: number, nowUs: number): Decision {
    const [limit] = this.#plan.limits;
    const isLog = this.#plan.kind === 'log';
    const args = isLog
      ? { mode, cost, limit: limit?.limit ?? 0, window: limit?.windowUs ?? 0 }
      : { mode, limits: argumentFor(this.#plan, cost) };
    const { reply, key } = runInMemory(isLog ? 'log' : 'charge', this.#key, nowUs, args);
    // Who only looks may look ahead.
    if (mode === 'consume') this.#key = key;
    return (isLog ? logScript : chargeScript).parse(reply);
  }
}

/** What may be admitted in any window, at the most. */
const BOUNDS: Record<Algorithm, (options: LimitOptions) => number> = {
  gcra: ({ limit, burst = limit }) => limit + burst,
  'token-bucket': ({ limit, burst = limit }) => limit + burst,
  'fixed-window': ({ limit }) => 2 * limit,
  'sliding-window': ({ limit }) => 2 * limit,
  'sliding-log': ({ limit }) => limit,
};
const ALGORITHMS = Object.keys(BOUNDS) as Algorithm[];

const traffic = fc.record({
  limit: fc.integer({ min: 1, max: 12 }),
  per: fc.integer({ min: 1, max: 3 }),
  burst: fc.integer({ min: 1, max: 12 }),
  requests: fc.array(
    fc.record({
      cost: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 12 })),
      us: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 4000 })),
    }),
    { minLength: 1, maxLength: 60 },
  ),
});

describe.each(ALGORITHMS)('%s', (algorithm) => {
  const hasBurst = algorithm === 'gcra' || algorithm === 'token-bucket';
  const optionsOf = ({ limit, per, burst }: { limit: number; per: number; burst: number }): LimitOptions => ({
    limit,
    per,
    algorithm,
    ...(hasBurst && { burst }),
  });

  it('admits no more than it promises in any window', () => {
    fc.assert(
      fc.property(traffic, ({ requests, ...numbers }) => {
        const options = optionsOf(numbers);
        const most = hasBurst ? numbers.burst : numbers.limit;
        const subject = new Subject(options);
        const admitted: { at: number; cost: number }[] = [];
        let now = 1_795_000_000_000_000;
        for (const { cost: asked, us } of requests) {
          now += us;
          const cost = Math.min(asked, most);
          if (subject.ask('consume', cost, now).admitted) admitted.push({ at: now, cost });
        }
        for (const { at: from } of admitted) {
          const within = admitted.filter(({ at }) => at >= from && at < from + numbers.per * 1000);
          const sum = within.reduce((total, { cost }) => total + cost, 0);
          expect(sum).toBeLessThanOrEqual(BOUNDS[algorithm](options));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('says exactly when a cost will fit in, and when all is as new', () => {
    fc.assert(
      fc.property(traffic, ({ requests, ...numbers }) => {
        const most = hasBurst ? numbers.burst : numbers.limit;
        const subject = new Subject(optionsOf(numbers));
        let now = 1_795_000_000_000_000;
        for (const { cost: asked, us } of requests) {
          now += us;
          const cost = Math.min(asked, most);
          const { admitted, standings } = subject.ask('consume', cost, now);
          const { retryUs, resetUs } = standings[0] ?? { retryUs: 0, resetUs: 0 };
          const unused = subject.ask('peek', 1, now + resetUs).standings[0];
          expect(unused?.resetUs).toBe(0);
          const almost = subject.ask('peek', 1, now + Math.max(resetUs - 1, 0)).standings[0];
          expect(almost?.resetUs).toBe(Math.min(resetUs, 1));
          const [before, then] = [retryUs - 1, retryUs].map(
            (waited) => subject.ask('peek', cost, now + waited).admitted,
          );
          expect(admitted || (then && !before)).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('admits all that it promises to who asks all the time', () => {
    const subject = new Subject({ limit: 100, per: 1000, algorithm, ...(hasBurst && { burst: 10 }) });
    let admitted = 0;
    for (let us = 0; us < 10_000_000; us += 500)
      if (subject.ask('consume', 1, 1_795_000_000_000_000 + us).admitted) admitted++;
    expect(admitted).toBeGreaterThanOrEqual(990);
    expect(admitted).toBeLessThanOrEqual(1010);
  });
});
