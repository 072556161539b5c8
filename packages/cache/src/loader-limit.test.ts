import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LoaderOverloadedError } from './errors.ts';
import { limitOf, OpenLoad, TEMPLATE } from './loaders.fixture.ts';

function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(String, (error: unknown) => {
    if (error instanceof LoaderOverloadedError) return 'refused';
    return error instanceof Error ? error.message : String(error);
  });
}

describe('a limit of loaders', () => {
  it('calls the loader at once while places are free', async () => {
    const limit = limitOf(2);
    const [one, other] = [new OpenLoad(), new OpenLoad()];
    const both = [limit.run(TEMPLATE, one.load), limit.run(TEMPLATE, other.load)];
    expect([one.began, other.began, limit.running]).toEqual([true, true, 2]);
    one.end('value');
    other.end('value');
    expect(await Promise.all(both)).toEqual(['value', 'value']);
    expect(limit.running).toBe(0);
  });

  it('gives what the loader gives, and throws what it throws, also when that is at once', async () => {
    const limit = limitOf(1);
    const thrown = new Error('at once');
    const fail = () => {
      throw thrown;
    };
    expect(await limit.run(TEMPLATE, () => 1)).toBe(1);
    expect(await limit.run(TEMPLATE, async () => null)).toBeNull();
    await expect(limit.run(TEMPLATE, fail)).rejects.toBe(thrown);
    // Queued ones as well.
    const first = new OpenLoad();
    const running = limit.run(TEMPLATE, first.load);
    const failing = limit.run(TEMPLATE, fail);
    const last = limit.run(TEMPLATE, () => 2);
    first.end('value');
    await expect(failing).rejects.toBe(thrown);
    expect(await last).toBe(2);
    await running;
    expect([limit.running, limit.waiting]).toEqual([0, 0]);
  });

  it('refuses when too many wait, saying of what there are too many', async () => {
    const limit = limitOf(1, 1);
    const [first, second, third] = [new OpenLoad(), new OpenLoad(), new OpenLoad()];
    const running = limit.run(TEMPLATE, first.load);
    const waiting = limit.run(TEMPLATE, second.load);
    await expect(limit.run(TEMPLATE, third.load)).rejects.toMatchObject({
      code: 'CACHE_LOADER_OVERLOADED',
      retryable: true,
      template: TEMPLATE,
      limit: { concurrency: 1, queue: 1 },
    });
    first.end('value');
    second.end('value');
    await Promise.all([running, waiting]);
    expect(third.began).toBe(false);
    expect(await limit.run(TEMPLATE, () => 1)).toBe(1);
  });

  it('lets nobody who comes overtake those who wait', async () => {
    const limit = limitOf(1);
    const [first, second, third] = [new OpenLoad(), new OpenLoad(), new OpenLoad()];
    void limit.run(TEMPLATE, first.load);
    void limit.run(TEMPLATE, second.load);
    first.end('value');
    // At every point between the end of the first and the beginning of the second.
    for (let ticks = 0; !second.began; ticks++) {
      if (ticks === 0) void limit.run(TEMPLATE, third.load);
      expect(third.began).toBe(false);
      await Promise.resolve();
    }
    expect(limit.running).toBe(1);
    second.end('value');
    await turn();
    expect(third.began).toBe(true);
    third.end('value');
  });

  it('calls a loader that waited in the context of its caller', async () => {
    const context = new AsyncLocalStorage<string>();
    const limit = limitOf(1);
    const first = new OpenLoad();
    const running = context.run('first', () => limit.run(TEMPLATE, first.load));
    const waiting = context.run('second', () => limit.run(TEMPLATE, () => context.getStore()));
    first.end('value');
    expect(await waiting).toBe('second');
    await running;
  });

  describe('with a signal', () => {
    it('lets one who waits leave, with its reason, and another one take its place', async () => {
      const limit = limitOf(1, 1);
      const [first, left, other] = [new OpenLoad(), new OpenLoad(), new OpenLoad()];
      const abandoned = new AbortController();
      const running = limit.run(TEMPLATE, first.load);
      const leaving = limit.run(TEMPLATE, left.load, abandoned);
      abandoned.abort('nobody wants it');
      await expect(leaving).rejects.toBe('nobody wants it');
      expect(limit.waiting).toBe(0);
      const waiting = limit.run(TEMPLATE, other.load);
      first.end('value');
      other.end('value');
      await Promise.all([running, waiting]);
      expect([left.began, limit.running]).toEqual([false, 0]);
    });

    it('does not call the loader of one who leaves just when it is its turn', async () => {
      const limit = limitOf(1);
      const late = new OpenLoad();
      const abandoned = new AbortController();
      const first = limit.run(TEMPLATE, async () => {});
      const leaving = outcomeOf(limit.run(TEMPLATE, late.load, abandoned));
      // The place is handed over, and what is to use it has not gone on yet.
      while (limit.waiting > 0) await Promise.resolve();
      abandoned.abort('too late');
      expect(await leaving).toBe('too late');
      await first;
      expect([late.began, limit.running]).toEqual([false, 0]);
    });

    it('listens to it no longer than it waits', async () => {
      const limit = limitOf(1);
      const { signal } = new AbortController();
      const first = new OpenLoad();
      const both = [limit.run(TEMPLATE, first.load), limit.run(TEMPLATE, () => 'value', { signal })];
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
      first.end('value');
      await Promise.all(both);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    });

    it('does not call the loader of one who has left before', async () => {
      const load = new OpenLoad();
      await expect(limitOf(1).run(TEMPLATE, load.load, { signal: AbortSignal.abort('gone') })).rejects.toBe(
        'gone',
      );
      expect(load.began).toBe(false);
    });
  });

  it('never runs more than may, serves in order, and loses nobody, whatever ends how and when', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('come' as const) }),
      fc.record({
        kind: fc.constantFrom('end', 'fail', 'leave'),
        which: fc.nat({ max: 30 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.nat({ max: 6 }),
        fc.array(step, { maxLength: 60 }),
        async (concurrency, queue, steps) => {
          const limit = limitOf(concurrency, queue);
          interface Known {
            readonly open: OpenLoad;
            readonly leaving: AbortController;
            readonly outcome: Promise<string>;
          }
          const running: Known[] = [];
          const waiting: Known[] = [];
          const expected: [Promise<string>, string][] = [];
          for (const each of steps) {
            if (each.kind === 'come') {
              const open = new OpenLoad();
              const leaving = new AbortController();
              const known = {
                open,
                leaving,
                outcome: outcomeOf(limit.run(TEMPLATE, open.load, leaving)),
              };
              if (running.length < concurrency) running.push(known);
              else if (waiting.length < queue) waiting.push(known);
              else expected.push([known.outcome, 'refused']);
            } else if (each.kind === 'leave') {
              const [left] = waiting.splice(each.which, 1);
              left?.leaving.abort('left');
              if (left !== undefined) expected.push([left.outcome, 'left']);
            } else {
              const [ended] = running.splice(each.which, 1);
              if (ended === undefined) continue;
              ended.open.end(each.kind === 'end' ? 'value' : 'error');
              expected.push([ended.outcome, each.kind === 'end' ? 'value' : 'the loader failed']);
              const next = waiting.shift();
              if (next !== undefined) running.push(next);
            }
            await turn();
            expect(running.every(({ open }) => open.began)).toBe(true);
            expect(waiting.some(({ open }) => open.began)).toBe(false);
            expect([limit.running, limit.waiting]).toEqual([running.length, waiting.length]);
          }
          for (const [outcome, wanted] of expected) expect(await outcome).toEqual(wanted);
          for (const { open } of [...running, ...waiting]) open.end('value');
          for (const { outcome } of [...running, ...waiting]) expect(await outcome).toBe('value');
          expect([limit.running, limit.waiting]).toEqual([0, 0]);
        },
      ),
    );
  });
});
