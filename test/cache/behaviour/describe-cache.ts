import { describe } from 'vitest';
import type { Behaviours, Store } from './behaviours.ts';
import { changes } from './changes.ts';
import { closing } from './closing.ts';
import { cycles } from './cycles.ts';
import { loads } from './loads.ts';
import { memory } from './memory.ts';
import { refreshes } from './refreshes.ts';
import { values } from './values.ts';

/** Everything that a cache promises whatever it runs on. One more group is one more line. */
const GROUPS: Readonly<Record<string, Behaviours>> = {
  'a load': loads,
  'a loader': cycles,
  'a refresh': refreshes,
  'a value': values,
  'a change': changes,
  'a copy in memory': memory,
  'a closed cache': closing,
};

/** @param test - vitest's, with the store as a fixture: of the test's own, or one that others use as well */
export function describeCache(
  name: string,
  test: (title: string, run: (context: { readonly store: Store }) => Promise<void>) => void,
): void {
  const groups = Object.entries(GROUPS).map(([group, behaviours]) => ({
    in: `${name}: ${group}`,
    behaviours,
  }));
  describe.each(groups)('$in', ({ behaviours }) => {
    for (const [title, behaviour] of Object.entries(behaviours)) test(title, ({ store }) => behaviour(store));
  });
}
