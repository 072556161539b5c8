import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InsuranceLimiter } from '@keyslot/rate-limit/flexible';
import { describe, expect, type TestAPI } from 'vitest';

/** The options that the two limiters have in common. */
export interface PointOptions {
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
export interface PointLimiter extends InsuranceLimiter {
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
async function denialOf(consumed: Promise<unknown>): Promise<unknown> {
  return consumed.then(
    (result) => expect.fail(`not denied: ${JSON.stringify(result)}`),
    (reason: unknown) => reason,
  );
}

/**
 * What is asked of a limiter on Redis with this interface, written anew after what rate-limiter-flexible's suite looks at. Each
 * case is put to all makers at once. Windows are long where time does not matter, and short where it does.
 */
export function flexibleCases(base: TestAPI<{ makers: readonly Maker[] }>): void {
  const test = (title: string, ask: (maker: Maker) => Promise<void>) =>
    base(title, async ({ makers }) => {
      const outcomes = await Promise.allSettled(makers.map(ask));
      for (const [i, outcome] of outcomes.entries())
        if (outcome.status === 'rejected')
          throw new Error(`${makers[i]?.whose}: ${String(outcome.reason)}`, { cause: outcome.reason });
    });
  const newKey = () => randomUUID();

  describe('consume', () => {
    test('counts, says what is left and when the window ends, and which was the first', async (maker) => {
      const limiter = maker.open({ points: 3, duration: 60 });
      const key = newKey();
      const first = await limiter.consume(key);
      expect(first).toMatchObject({ consumedPoints: 1, remainingPoints: 2, isFirstInDuration: true });
      expect(first.msBeforeNext).toBeGreaterThan(50_000);
      expect(first.msBeforeNext).toBeLessThanOrEqual(60_000);
      expect(await limiter.consume(key, 2)).toMatchObject({
        consumedPoints: 3,
        remainingPoints: 0,
        isFirstInDuration: false,
      });
      expect(JSON.parse(JSON.stringify(first))).toMatchObject({ consumedPoints: 1, isFirstInDuration: true });
      expect(JSON.parse(String(first))).toMatchObject({ remainingPoints: 2 });
    });

    test('rejects with a result, not an Error, when there are too few points, and counts on', async (maker) => {
      const limiter = maker.open({ points: 1, duration: 60 });
      const key = newKey();
      const denied = await denialOf(limiter.consume(key, 2));
      expect(denied).not.toBeInstanceOf(Error);
      expect(denied).toMatchObject({ consumedPoints: 2, remainingPoints: 0, isFirstInDuration: true });
      expect(await denialOf(limiter.consume(key))).toMatchObject({
        consumedPoints: 3,
        isFirstInDuration: false,
      });
      expect(await limiter.get(key)).toMatchObject({ consumedPoints: 3 });
    });

    test('begins anew when the window has ended', async (maker) => {
      const limiter = maker.open({ points: 1, duration: 1 });
      const key = newKey();
      await limiter.consume(key);
      const denied = (await denialOf(limiter.consume(key))) as { msBeforeNext: number };
      await sleep(denied.msBeforeNext + 20);
      expect(await limiter.consume(key)).toMatchObject({ consumedPoints: 1, isFirstInDuration: true });
    });

    test('takes another duration for a window that begins with it, and not for one that runs', async (maker) => {
      const limiter = maker.open({ points: 5, duration: 60 });
      const [short, running] = [newKey(), newKey()];
      const { msBeforeNext } = await limiter.consume(short, 1, { customDuration: 5 });
      expect(msBeforeNext).toBeLessThanOrEqual(5_000);
      await limiter.consume(running);
      expect((await limiter.consume(running, 1, { customDuration: 5 })).msBeforeNext).toBeGreaterThan(50_000);
    });

    test('takes numbers as keys, and whole numbers of points only', async (maker) => {
      const limiter = maker.open({ points: 5, duration: 60, keyPrefix: newKey() });
      await limiter.consume(7);
      expect(await limiter.get('7')).toMatchObject({ consumedPoints: 1 });
      expect(await limiter.consume(7, '2' as never)).toMatchObject({ consumedPoints: 3 });
      expect(await denialOf(limiter.consume(7, 1.5))).toBeInstanceOf(Error);
      expect(await denialOf(limiter.consume(7, '1.5' as never))).toBeInstanceOf(Error);
      expect(await limiter.get(7)).toMatchObject({ consumedPoints: 3 });
    });

    test('admits as many of fifty at once as there are points', async (maker) => {
      const limiter = maker.open({ points: 5, duration: 60 });
      const key = newKey();
      const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => limiter.consume(key)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
      expect(await limiter.get(key)).toMatchObject({ consumedPoints: 50 });
    });

    test('denies everything when there are no points', async (maker) => {
      const limiter = maker.open({ points: 0, duration: 60 });
      expect(await denialOf(limiter.consume(newKey()))).toMatchObject({
        consumedPoints: 1,
        remainingPoints: 0,
      });
    });
  });

  describe('evenly', () => {
    test('delays by the share of what is left of the window, but not the first', async (maker) => {
      const limiter = maker.open({ points: 2, duration: 2, execEvenly: true });
      const key = newKey();
      const begun = performance.now();
      await limiter.consume(key);
      const afterFirst = performance.now();
      expect(afterFirst - begun).toBeLessThan(700);
      const second = await limiter.consume(key);
      // The share is half of the window, and what was waited is no longer before the next one.
      expect(performance.now() - afterFirst).toBeGreaterThan(700);
      expect(second.msBeforeNext).toBeLessThanOrEqual(1_000);
    });

    test('delays by no less than the least delay for each point', async (maker) => {
      const limiter = maker.open({ points: 100, duration: 1, execEvenly: true, execEvenlyMinDelayMs: 40 });
      const key = newKey();
      await limiter.consume(key);
      const begun = performance.now();
      await limiter.consume(key);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(75);
    });
  });

  describe('penalty and reward', () => {
    test('count without denying', async (maker) => {
      const limiter = maker.open({ points: 2, duration: 60, blockDuration: 600 });
      const key = newKey();
      await limiter.consume(key);
      const fined = await limiter.penalty(key, 3);
      expect(fined).toMatchObject({ consumedPoints: 4, remainingPoints: 0 });
      expect(fined.msBeforeNext).toBeLessThanOrEqual(60_000);
      expect(await limiter.reward(key, 3)).toMatchObject({ consumedPoints: 1, remainingPoints: 1 });
      expect(await limiter.reward(key)).toMatchObject({ consumedPoints: 0, remainingPoints: 2 });
      expect(await limiter.consume(key, 2)).toMatchObject({ consumedPoints: 2 });
    });

    test('begin a window where there is none; a reward gives points on top', async (maker) => {
      const limiter = maker.open({ points: 2, duration: 60 });
      const [fined, rewarded] = [newKey(), newKey()];
      expect(await limiter.penalty(fined, 1, { customDuration: 5 })).toMatchObject({
        isFirstInDuration: true,
      });
      expect((await limiter.get(fined))?.msBeforeNext).toBeLessThanOrEqual(5_000);
      expect(await limiter.reward(rewarded)).toMatchObject({ consumedPoints: -1, remainingPoints: 3 });
      expect(await limiter.consume(rewarded, 3)).toMatchObject({ consumedPoints: 2 });
    });
  });

  describe('blocking', () => {
    test('lasts for the block’s duration from the request on that had too few points, and no longer', async (maker) => {
      const limiter = maker.open({ points: 1, duration: 1, blockDuration: 2 });
      const key = newKey();
      const denied = (await denialOf(limiter.consume(key, 2))) as { msBeforeNext: number };
      expect(denied.msBeforeNext).toBe(2_000);
      await sleep(1_100);
      const still = (await denialOf(limiter.consume(key))) as { msBeforeNext: number };
      // The second one too many does not prolong it.
      expect(still.msBeforeNext).toBeLessThanOrEqual(950);
      await sleep(still.msBeforeNext + 20);
      expect(await limiter.consume(key)).toMatchObject({ consumedPoints: 1 });
    });

    test('may begin later than denials do', async (maker) => {
      const limiter = maker.open({ points: 1, duration: 60, blockDuration: 600, blockOnConsumed: 3 });
      const key = newKey();
      await limiter.consume(key);
      const second = (await denialOf(limiter.consume(key))) as { msBeforeNext: number };
      expect(second.msBeforeNext).toBeLessThanOrEqual(60_000);
      const third = (await denialOf(limiter.consume(key))) as { msBeforeNext: number };
      expect(third.msBeforeNext).toBe(600_000);
      expect((await limiter.get(key))?.msBeforeNext).toBeGreaterThan(500_000);
    });

    test('by hand denies a key, whatever it has used', async (maker) => {
      const limiter = maker.open({ points: 3, duration: 1 });
      const key = newKey();
      expect(await limiter.block(key, 60)).toMatchObject({
        msBeforeNext: 60_000,
        consumedPoints: 4,
        remainingPoints: 0,
      });
      const denied = (await denialOf(limiter.consume(key))) as { msBeforeNext: number };
      expect(denied.msBeforeNext).toBeGreaterThan(50_000);
    });

    test('and set may last for ever', async (maker) => {
      const limiter = maker.open({ points: 3, duration: 1 });
      const [blocked, set] = [newKey(), newKey()];
      expect(await limiter.block(blocked, 0)).toMatchObject({ msBeforeNext: -1 });
      expect(await limiter.set(set, 12, 0)).toMatchObject({ msBeforeNext: -1 });
      await sleep(1_100);
      expect(await limiter.get(blocked)).toMatchObject({ consumedPoints: 4, msBeforeNext: -1 });
      expect(await limiter.get(set)).toMatchObject({ consumedPoints: 12, msBeforeNext: -1 });
      await Promise.all([limiter.delete(blocked), limiter.delete(set)]);
    });
  });

  describe('in memory', () => {
    test('denies for its own duration from that count on', async (maker) => {
      const limiter = maker.open({
        points: 1,
        duration: 60,
        inMemoryBlockOnConsumed: 2,
        inMemoryBlockDuration: 600,
      });
      const key = newKey();
      await limiter.consume(key);
      const denied = await denialOf(limiter.consume(key));
      expect(denied).toMatchObject({ msBeforeNext: 600_000, remainingPoints: 0 });
      const again = (await denialOf(limiter.consume(key))) as { msBeforeNext: number };
      expect(again.msBeforeNext).toBeGreaterThan(500_000);
      // It was not asked about again.
      expect(await limiter.get(key)).toMatchObject({ consumedPoints: 2 });
    });

    test('denies until the window ends where it has no duration, from the last point on', async (maker) => {
      const limiter = maker.open({ points: 1, duration: 1, inMemoryBlockOnConsumed: 1 });
      const key = newKey();
      await limiter.consume(key);
      const denied = (await denialOf(limiter.consume(key))) as { msBeforeNext: number };
      expect(denied.msBeforeNext).toBeGreaterThan(0);
      expect(await limiter.get(key)).toMatchObject({ consumedPoints: 1 });
      await sleep(1_100);
      expect(await limiter.consume(key)).toMatchObject({ consumedPoints: 1, isFirstInDuration: true });
    });

    test('goes with a block in the cluster', async (maker) => {
      const limiter = maker.open({
        points: 1,
        duration: 60,
        blockDuration: 600,
        inMemoryBlockOnConsumed: 2,
        inMemoryBlockDuration: 600,
      });
      const key = newKey();
      await limiter.consume(key);
      expect(await denialOf(limiter.consume(key))).toMatchObject({ msBeforeNext: 600_000 });
      expect((await limiter.get(key))?.msBeforeNext).toBeGreaterThan(500_000);
    });

    test('is forgotten with the key, and with all of them', async (maker) => {
      const limiter = maker.open({ points: 1, duration: 60, inMemoryBlockOnConsumed: 1 });
      const key = newKey();
      await limiter.consume(key);
      await limiter.delete(key);
      await limiter.consume(key);
      limiter.deleteInMemoryBlockedAll();
      expect(await denialOf(limiter.consume(key))).toMatchObject({ consumedPoints: 2 });
    });

    test('is refused below the points, and its duration without it', async (maker) => {
      expect(() => maker.open({ points: 2, duration: 1, inMemoryBlockOnConsumed: 1 })).toThrow(Error);
      expect(() => maker.open({ points: 2, duration: 1, inMemoryBlockDuration: 1 })).toThrow(Error);
      expect(() => maker.open({ points: 2, duration: 1, blockDuration: 1, blockOnConsumed: 1 })).toThrow(
        Error,
      );
    });
  });

  describe('keys', () => {
    test('have the prefix', async (maker) => {
      const keyOf = (keyPrefix?: string) =>
        maker.open({ points: 1, duration: 1, ...(keyPrefix !== undefined && { keyPrefix }) }).getKey('key');
      expect([keyOf('test'), keyOf(''), keyOf()]).toEqual(['test:key', 'key', 'rlflx:key']);
    });

    test('are looked up, set and deleted', async (maker) => {
      const limiter = maker.open({ points: 20, duration: 60 });
      const key = newKey();
      expect(await limiter.get(key)).toBeNull();
      expect(await limiter.delete(key)).toBe(false);
      expect(await limiter.set(key, 12, 30)).toMatchObject({ consumedPoints: 12, msBeforeNext: 30_000 });
      const found = await limiter.get(key);
      expect(found).toMatchObject({ consumedPoints: 12, remainingPoints: 8, isFirstInDuration: false });
      expect(found?.msBeforeNext).toBeLessThanOrEqual(30_000);
      expect(await limiter.set(key, 13, undefined as never)).toMatchObject({ msBeforeNext: 60_000 });
      expect(await limiter.delete(key)).toBe(true);
      expect(await limiter.get(key)).toBeNull();
    });

    test('never expire where the duration is 0', async (maker) => {
      const limiter = maker.open({ points: 2, duration: 0 });
      const key = newKey();
      await limiter.consume(key);
      expect(await limiter.consume(key)).toMatchObject({ consumedPoints: 2, msBeforeNext: -1 });
      expect(await denialOf(limiter.consume(key))).toMatchObject({ consumedPoints: 3, msBeforeNext: -1 });
      expect(await limiter.get(key)).toMatchObject({ consumedPoints: 3, msBeforeNext: -1 });
      await limiter.delete(key);
    });
  });

  describe('without the cluster', () => {
    test('rejects with an Error', async (maker) => {
      const broken = maker.openBroken({ points: 1, duration: 60 });
      const calls = [
        broken.consume('a'),
        broken.penalty('a'),
        broken.get('a'),
        broken.block('a', 1),
        broken.delete('a'),
      ];
      for (const outcome of await Promise.allSettled(calls))
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(Error) });
    });

    test('has the insurance limiter answer, with its own limits and this one’s choices', async (maker) => {
      const insuranceLimiter = maker.open({ points: 2, duration: 60, keyPrefix: newKey() });
      const broken = maker.openBroken({ points: 1, duration: 30, blockDuration: 600, insuranceLimiter });
      expect(await broken.consume('a')).toMatchObject({ remainingPoints: 1, consumedPoints: 1 });
      expect(await broken.penalty('a')).toMatchObject({ consumedPoints: 2 });
      expect(await broken.reward('a')).toMatchObject({ consumedPoints: 1 });
      expect(await broken.get('a')).toMatchObject({ consumedPoints: 1 });
      const { msBeforeNext } = await broken.consume('b', 1, { customDuration: 5 });
      expect(msBeforeNext).toBeLessThanOrEqual(5_000);
      expect(await denialOf(broken.consume('c', 3))).toMatchObject({
        consumedPoints: 3,
        msBeforeNext: 600_000,
      });
      expect(await broken.set('d', 9, 60)).toMatchObject({ consumedPoints: 9 });
      const blocked = await broken.block('e', 3);
      expect(blocked.msBeforeNext).toBe(3_000);
      expect(await insuranceLimiter.get('e')).toMatchObject({ consumedPoints: 3 });
      expect(await broken.delete('e')).toBe(true);
    });
  });
}
