import { assert } from 'vitest';
import type { Cases } from './cases.ts';
import { test } from './processes.ts';

type Hook = () => unknown;

interface JapaContext {
  readonly assert: typeof assert;
  readonly cleanup: (hook: Hook) => void;
}

/**
 * What bentocache's suite uses of its test runner, Japa, in the words of ours. Its `assert` is chai's, as Japa's is. A
 * hook that a later version of the suite uses and that is not here throws while the suite is registered.
 */
export function japaOf(cases: Cases) {
  const group = {
    /** Runs before the first case; the hook that it returns, after the last. */
    setup: (hook: () => Promise<Hook>) =>
      test.beforeAll(async () => {
        const teardown = await hook();
        return async () => {
          await teardown();
        };
      }),
    each: {
      teardown: (hook: Hook) =>
        test.afterEach(async () => {
          await hook();
        }),
    },
    /** The suite wants no time limit. Ours for cluster tests stays: a case that hangs shall end. */
    tap: (change: (each: { disableTimeout(): void }) => void) => change({ disableTimeout: () => {} }),
  };

  const japaTest = (title: string, body: (context: JapaContext) => unknown) => {
    cases.register(title, async () => {
      const cleanups: Hook[] = [];
      try {
        await body({ assert, cleanup: (hook) => cleanups.push(hook) });
      } finally {
        for (const hook of cleanups.reverse()) await hook();
      }
    });
  };

  return { test: japaTest, group };
}
