import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LoaderLimit } from './loader-limit.ts';
import { limitOf, OpenLoad, TEMPLATE } from './loaders.fixture.ts';
import { lendingTurn } from './turns.ts';

describe('loaders that ask a cache', () => {
  it('do not wait for each other for ever: all of a tree of loads end, and no more work at once than may', async () => {
    interface Tree {
      readonly inOrder: boolean;
      readonly fails: boolean;
      readonly inner: readonly Tree[];
    }
    const treeOf = (inner: fc.Arbitrary<Tree[]>): fc.Arbitrary<Tree> =>
      fc.record({ inOrder: fc.boolean(), fails: fc.boolean(), inner });
    const few = (each: fc.Arbitrary<Tree>) => fc.array(each, { maxLength: 3 });
    const tree = treeOf(few(treeOf(few(treeOf(fc.constant([]))))));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(tree, { minLength: 1, maxLength: 5 }),
        async (concurrency, trees) => {
          // Two caches, whose loaders ask the other one.
          const limits = [limitOf(concurrency), limitOf(concurrency)];
          const working = [0, 0];
          let most = 0;
          const work = async (at: number) => {
            most = Math.max(most, ++(working as [number, number])[at as 0 | 1]);
            await turn();
            (working as [number, number])[at as 0 | 1]--;
          };
          const load = (each: Tree, at: number): Promise<void> =>
            (limits[at] as LoaderLimit).run(TEMPLATE, async () => {
              await work(at);
              const inner = (its: Tree) => load(its, 1 - at).catch(() => {});
              if (each.inOrder) for (const its of each.inner) await inner(its);
              else await Promise.all(each.inner.map(inner));
              await work(at);
              if (each.fails) throw new Error('the loader failed');
            });
          await Promise.allSettled(trees.map((each, i) => load(each, i % 2)));
          expect(most).toBeLessThanOrEqual(concurrency);
          expect(limits.map(({ running, waiting, lent }) => [running, waiting, lent])).toEqual([
            [0, 0, 0],
            [0, 0, 0],
          ]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lend their place also while they wait for what somebody else has begun', async () => {
    const limit = limitOf(1);
    const common = Promise.withResolvers<string>();
    const outer = limit.run(TEMPLATE, async () => {
      await turn();
      return lendingTurn(() => common.promise);
    });
    const queued = limit.run(TEMPLATE, () => 'loaded');
    queued.then(common.resolve, common.reject);
    expect(await outer).toBe('loaded');
    expect([limit.running, limit.lent]).toEqual([0, 0]);
  });

  it('may end before what they have asked for', async () => {
    const limit = limitOf(1);
    const inner = new OpenLoad();
    const asked: Promise<string>[] = [];
    await limit.run(TEMPLATE, () => {
      asked.push(limit.run(TEMPLATE, inner.load));
    });
    await turn();
    expect([inner.began, limit.running]).toEqual([true, 1]);
    inner.end('value');
    await Promise.all(asked);
    expect([limit.running, limit.lent]).toEqual([0, 0]);
    expect(await limit.run(TEMPLATE, () => 1)).toBe(1);
  });

  it('have no place to lend once they have ended', async () => {
    const limit = limitOf(1);
    const late = Promise.withResolvers<void>();
    const later: Promise<number>[] = [];
    await limit.run(TEMPLATE, () => {
      later.push(late.promise.then(() => limit.run(TEMPLATE, () => 1)));
    });
    late.resolve();
    await Promise.all(later);
    expect([limit.running, limit.lent]).toEqual([0, 0]);
  });

  it('go on before those begin who wait', async () => {
    const limit = limitOf(1);
    const read = Promise.withResolvers<void>();
    const order: string[] = [];
    const outer = limit.run(TEMPLATE, async () => {
      await lendingTurn(() => read.promise);
      order.push('outer goes on');
    });
    const holding = new OpenLoad();
    const held = limit.run(TEMPLATE, holding.load);
    const queued = limit.run(TEMPLATE, () => void order.push('queued begins'));
    await turn();
    read.resolve();
    await turn();
    expect([holding.began, order]).toEqual([true, []]);
    holding.end('value');
    await Promise.all([outer, held, queued]);
    expect(order).toEqual(['outer goes on', 'queued begins']);
  });

  it('lend it once, however many they wait for at once and however these end', async () => {
    const limit = limitOf(1);
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const isAsked = Promise.withResolvers<void>();
    const outer = limit.run(TEMPLATE, () =>
      Promise.all([
        lendingTurn(() => first.promise),
        // Begun while the place for the first one is waited for.
        isAsked.promise.then(() => lendingTurn(() => second.promise)),
      ]),
    );
    const [one, other] = [new OpenLoad(), new OpenLoad()];
    const others = [limit.run(TEMPLATE, one.load), limit.run(TEMPLATE, other.load)];
    first.resolve();
    await turn();
    isAsked.resolve();
    await turn();
    // The place comes back now, and is needed no more: it goes on to who waits.
    one.end('value');
    await turn();
    expect(other.began).toBe(true);
    second.resolve();
    await turn();
    other.end('value');
    await Promise.all([outer, ...others]);
    expect([limit.running, limit.lent]).toEqual([0, 0]);
  });

  it('have one place when they wanted it back twice', async () => {
    const limit = limitOf(1);
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const isAsked = Promise.withResolvers<void>();
    const outer = limit.run(TEMPLATE, () =>
      Promise.all([
        lendingTurn(() => first.promise),
        isAsked.promise.then(() => lendingTurn(() => second.promise)),
      ]),
    );
    const holding = new OpenLoad();
    const held = limit.run(TEMPLATE, holding.load);
    for (const { resolve } of [first, isAsked, second]) {
      resolve();
      await turn();
    }
    holding.end('value');
    await Promise.all([outer, held]);
    await turn();
    expect([limit.running, limit.lent]).toEqual([0, 0]);
  });

  it('want none back once they have ended, and nobody waits for it', async () => {
    const limit = limitOf(1);
    const read = Promise.withResolvers<string>();
    const asked: Promise<string>[] = [];
    const ask = () => void asked.push(lendingTurn(() => read.promise));
    await limit.run(TEMPLATE, ask);
    const holding = new OpenLoad();
    const held = limit.run(TEMPLATE, holding.load);
    read.resolve('read');
    // While somebody else has the only place.
    expect(await Promise.all(asked)).toEqual(['read']);
    holding.end('value');
    await held;
    expect([limit.running, limit.lent]).toEqual([0, 0]);
  });

  it('may end while they wait to have it back', async () => {
    const limit = limitOf(1);
    const [read, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const asked: Promise<void>[] = [];
    const outer = limit.run(TEMPLATE, () => {
      asked.push(lendingTurn(() => read.promise));
      return end.promise;
    });
    const holding = new OpenLoad();
    const held = limit.run(TEMPLATE, holding.load);
    read.resolve();
    await turn();
    end.resolve();
    await outer;
    holding.end('value');
    await Promise.all([held, ...asked]);
    expect([limit.running, limit.lent]).toEqual([0, 0]);
  });

  it('are no more than may run and wait together: they count among those who wait', async () => {
    const limit = limitOf(2, 3);
    const common = Promise.withResolvers<void>();
    let began = 0;
    const asking = () => {
      began++;
      return lendingTurn(() => common.promise);
    };
    const all = Array.from({ length: 50 }, () => limit.run(TEMPLATE, asking));
    const refused = Promise.allSettled(all).then((ends) =>
      ends.filter(({ status }) => status === 'rejected'),
    );
    await turn();
    expect([began, limit.lent]).toEqual([5, 5]);
    common.resolve();
    expect(await refused).toHaveLength(45);
    expect([limit.running, limit.lent]).toEqual([0, 0]);
    expect(await limit.run(TEMPLATE, () => 1)).toBe(1);
  });

  it('are not refused what they wait for while nobody else may come', async () => {
    const limit = limitOf(1, 0);
    expect(await limit.run(TEMPLATE, () => limit.run(TEMPLATE, () => limit.run(TEMPLATE, () => 1)))).toBe(1);
    expect([limit.running, limit.lent]).toEqual([0, 0]);
  });
});
