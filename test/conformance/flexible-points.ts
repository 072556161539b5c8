import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { type Ask, denialOf, newKey } from './flexible-makers.ts';

/*
 * What is asked of a limiter on Redis with this interface, written anew after what rate-limiter-flexible's suite looks at.
 * Windows are long where time does not matter, and short where it does.
 */

export function pointCases(test: Ask): void {
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
}
