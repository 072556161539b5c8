import { test } from '@keyslot/testkit/vitest';
import { describe, expect } from 'vitest';
import { MUTATION_NAMES } from './races/mutations.ts';
import { race } from './races/race.ts';

/** In how many rounds a check that is missing has to be noticed. */
const BOUND = 4_000;

describe('a value whose load began before a delete returned, or that a set replaced', () => {
  test.for([
    ['with faults on the way', []],
    ['with connections cut as well', ['connections']],
  ] as const)(
    'is not read any more: 2 500 random interleavings %s',
    async ([, disturbances], { cluster }) => {
      const { seed, findings, counts } = await race({ cluster, rounds: 2_500, disturbances });

      expect(findings, `Again: npm run soak -- races --seed ${seed}`).toEqual([]);
      // The rounds did what they are about.
      const least = {
        rounds: 2_500,
        loads: 2_500,
        refreshes: 500,
        'delete deleted': 2_500,
        'set stored': 500,
        'expire expired': 250,
        'read local': 250,
        'read loader superseded': 250,
        'read loader unknown': 25,
        'fault late': 50,
        'fault muted': 50,
      };
      const tooFew = Object.entries(least).filter(([what, times]) => !((counts[what] ?? 0) >= times));
      expect(tooFew).toEqual([]);
    },
  );

  test.for(MUTATION_NAMES)('would be, without a check: %s', async (mutation, { cluster }) => {
    const { seed, findings } = await race({ cluster, rounds: BOUND, mutation, enough: 1 });

    expect(findings, `Again: npm run soak -- races --without ${mutation} --seed ${seed}`).not.toEqual([]);
  });
});
