import { expect, it } from 'vitest';
import { withRelease } from './release-notes.mjs';

const plan = {
  changesets: [
    { summary: 'Keys may be longer.', releases: [{ name: '@keyslot/keys', type: 'patch' as const }] },
    {
      summary: 'Fills are fenced.\n',
      releases: [
        { name: '@keyslot/cluster', type: 'patch' as const },
        { name: '@keyslot/cache', type: 'minor' as const },
      ],
    },
  ],
  releases: [{ name: '@keyslot/keys', type: 'minor' as const, newVersion: '0.2.0' }],
};

it('puts the next release above the last one, new things before mended ones', () => {
  expect(
    withRelease('# Changelog\n\nIntro.\n\n## 0.1.0 (2026-01-01)\n\n- x\n', plan, '2026-02-03'),
  ).toBe(`# Changelog

Intro.

## 0.2.0 (2026-02-03)

### New

- \`cache\`, \`cluster\`: Fills are fenced.

### Mended

- \`keys\`: Keys may be longer.

## 0.1.0 (2026-01-01)

- x
`);
});

it('begins a page that has no release yet', () => {
  expect(withRelease('# Changelog\n', plan, '2026-02-03')).toMatch(
    /^# Changelog\n\n## 0\.2\.0 \(2026-02-03\)\n\n### New\n/,
  );
});

it('refuses when nothing is waiting', () => {
  expect(() => withRelease('# Changelog\n', { changesets: [], releases: [] }, '2026-02-03')).toThrow(
    /nothing to release/,
  );
});
