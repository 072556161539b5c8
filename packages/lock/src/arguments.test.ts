import { isKeyslotError } from '@keyslot/kernel';
import { describe, expect, it } from 'vitest';
import { createMemoryLocks } from './memory-locks.ts';

/** What comes of a call that does not compile. */
async function refused(call: (locks: never) => unknown): Promise<Error> {
  await using locks = createMemoryLocks();
  try {
    await call(locks as never);
  } catch (error) {
    if (isKeyslotError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

type Anything = Record<string, (...args: unknown[]) => unknown>;

describe('what a lock is asked for with', () => {
  it.each<[string, (locks: Anything) => unknown, string]>([
    ['no options', (locks) => locks['acquire']?.('x', null), 'options: got null; allowed: an object'],
    ['a text', (locks) => locks['tryAcquire']?.('x', '2s'), "options: got '2s'; allowed: an object"],
    ['a list', (locks) => locks['acquireAll']?.(['x'], ['y']), 'options: got an array; allowed: an object'],
    [
      'no signal',
      (locks) => locks['acquire']?.('x', { signal: {} }),
      'signal: got an object; allowed: an AbortS',
    ],
    [
      'null',
      (locks) => locks['acquire']?.('x', { signal: null }),
      'signal: got null; allowed: an AbortSignal',
    ],
    [
      'a word',
      (locks) => locks['acquire']?.('x', { renew: 'no' }),
      "renew: got 'no'; allowed: true or false",
    ],
    ['no work', (locks) => locks['using']?.('x'), 'work: got undefined; allowed: a function, as the last'],
    ['options only', (locks) => locks['using']?.('x', {}), 'work: got an object; allowed: a function'],
    [
      'wrong order',
      (locks) => locks['using']?.('x', () => 1, {}),
      'work: got an object; allowed: a function',
    ],
    [
      'no permits',
      (locks) => locks['semaphore']?.('x'),
      'options: got undefined; allowed: an object like { p',
    ],
    ['one text', (locks) => locks['acquireAll']?.('abc'), 'resources: got a text; allowed: an array of one'],
    ['nothing', (locks) => locks['acquireAll']?.(), 'resources: got undefined; allowed: an array of one'],
    ['an empty list', (locks) => locks['acquireAll']?.([]), 'resources: got an empty array; allowed: an arr'],
    [
      'a gap',
      (locks) => locks['acquireAll']?.(['a', undefined]),
      'resources[1]: got undefined; allowed: a text',
    ],
    [
      'a hole',
      (locks) => locks['acquireAll']?.(new Array(2)),
      'resources[0]: got undefined; allowed: a text',
    ],
  ])('is refused with what was received and what is allowed: %s', async (_, call, message) => {
    expect((await refused(call)).message).toContain(message);
  });

  it.each([[null], [7], [[]]])('is refused where locks are made with %o', async (options) => {
    expect(() => createMemoryLocks(options as object)).toThrow('options: got');
  });

  it('is refused before anything is locked for work that is none', async () => {
    await using locks = createMemoryLocks();
    await expect(locks.using('x', {}, undefined as never)).rejects.toThrow('work: got undefined');
    await expect(locks.semaphore('x', { permits: 1 }).using(7 as never)).rejects.toThrow('work: got 7');
    await using lock = await locks.tryAcquire('x');
    expect(lock?.isHeld).toBe(true);
  });

  it('may leave out the options of `using`, whose type is that of the work', async () => {
    await using locks = createMemoryLocks();
    const first: string = await locks.using('x', async ({ isHeld }) => (isHeld ? 'done' : 'lost'));
    const second: number = await locks.using('x', { wait: 0 }, ({ fencing }) => fencing);
    const third: boolean = await locks.semaphore('x', { permits: 1 }).using(({ isHeld }) => isHeld);
    expect([first, second > 0, third]).toEqual(['done', true, true]);
    // @ts-expect-error: the work's type is not a number's.
    const _: number = await locks.using('x', () => 'text');
  });
});
