import { randomUUID } from 'node:crypto';
import type { InsuranceLimiter } from '@keyslot/rate-limit/flexible';
import { expect, type TestAPI } from 'vitest';

/** The options that the two limiters have in common. */
interface PointOptions {
  readonly points: number;
  readonly duration: number;
  readonly keyPrefix?: string;
  readonly blockDuration?: number;
  readonly blockOnConsumed?: number;
  readonly execEvenly?: boolean;
  readonly execEvenlyMinDelayMs?: number;
  readonly inMemoryBlockOnConsumed?: number;
  readonly inMemoryBlockDuration?: number;
  readonly insuranceLimiter?: InsuranceLimiter;
}

/** A limiter of either kind. */
interface PointLimiter extends InsuranceLimiter {
  getKey(key: string | number): string;
  deleteInMemoryBlockedAll(): void;
}

/** Whose limiters are asked. */
export interface Maker {
  readonly whose: string;

  open(options: PointOptions): PointLimiter;

  /** One whose cluster cannot be reached. */
  openBroken(options: PointOptions): PointLimiter;
}

/** What is thrown, or a failure of the test: what should be denied was not. */
export async function denialOf(consumed: Promise<unknown>): Promise<unknown> {
  return consumed.then(
    (result) => expect.fail(`not denied: ${JSON.stringify(result)}`),
    (reason: unknown) => reason,
  );
}

/** Registers a case. */
export type Ask = (title: string, ask: (maker: Maker) => Promise<void>) => void;

/** Puts each case to all makers at once, so that waiting is done once. */
export function asking(base: TestAPI<{ makers: readonly Maker[] }>): Ask {
  return (title, ask) => {
    base(title, async ({ makers }) => {
      const outcomes = await Promise.allSettled(makers.map(ask));
      for (const [i, outcome] of outcomes.entries())
        if (outcome.status === 'rejected')
          throw new Error(`${makers[i]?.whose}: ${String(outcome.reason)}`, { cause: outcome.reason });
    });
  };
}

/** A key that no other case uses. */
export function newKey(): string {
  return randomUUID();
}
