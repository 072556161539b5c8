import { describe } from 'vitest';
import type { Behaviours, Place } from './behaviours.ts';
import { exclusive } from './exclusive.ts';
import { holding } from './holding.ts';
import { several } from './several.ts';
import { sharing } from './sharing.ts';
import { waiting } from './waiting.ts';

/** Everything that locks promise whatever they run on. */
const GROUPS: Readonly<Record<string, Behaviours>> = {
  'a lock': exclusive,
  'who holds a lock': holding,
  'who waits': waiting,
  'who shares': sharing,
  'several locks': several,
};

/** @param test - vitest's, with the place as a fixture */
export function describeLocks(
  name: string,
  test: (title: string, run: (context: { readonly place: Place }) => Promise<void>) => void,
): void {
  const groups = Object.entries(GROUPS).map(([group, behaviours]) => ({
    in: `${name}: ${group}`,
    behaviours,
  }));
  describe.each(groups)('$in', ({ behaviours }) => {
    for (const [title, behaviour] of Object.entries(behaviours)) test(title, ({ place }) => behaviour(place));
  });
}
