import { describe, expect } from 'vitest';
import { test } from './fixtures.ts';
import { runSections } from './sections/sections.ts';

/** The long form is `npm run soak -- locks`. */
const SECTIONS = 1_000;

describe('critical sections of 8 processes', () => {
  test('leave no write out of order, with holders killed, frozen past their lease, and slots moving', async ({
    cluster,
  }) => {
    const disturbances = ['kill', 'freeze', 'slots'] as const;
    const report = await runSections({ cluster, sections: SECTIONS, disturbances });
    console.info(report);
    expect(report.accepted).toBeGreaterThanOrEqual(SECTIONS);
    expect([report.outOfOrder, report.repeated]).toEqual([0, 0]);
    expect(report.failures).toEqual({});
    // Of nothing else would the run say anything.
    expect(report.frozen).toBeGreaterThan(0);
    expect(report.killed).toBeGreaterThan(0);
    expect(report.slotMoves).toBeGreaterThan(0);
    expect(report.refused).toBeGreaterThan(0);
  });

  test('do leave some when the resource does not look at the numbers', async ({ cluster }) => {
    const report = await runSections({
      cluster,
      sections: SECTIONS / 2,
      disturbances: ['freeze'],
      checks: false,
    });
    expect(report.outOfOrder).toBeGreaterThan(0);
  });
});
