import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { type Ask, denialOf, newKey } from './flexible-makers.ts';

/*
 * What is asked of a limiter on Redis with this interface, written anew after what rate-limiter-flexible's suite looks at.
 * Windows are long where time does not matter, and short where it does.
 */

export function keyCases(test: Ask): void {
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
