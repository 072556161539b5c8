import { expect, it } from 'vitest';
import { publishedPackages, textOf } from './repository.ts';

/** `| [`@keyslot/keys`](packages/keys) | … |` */
const ROW = /^\|\s*\[`(?<name>[^`]+)`\]\((?<folder>packages\/[^)/]+)\/?\)\s*\|/gm;

it('the table of packages in README.md has one row per package, each linked to its folder', () => {
  const rows = [...textOf('README.md').matchAll(ROW)].map(
    ({ groups }) => `${groups?.folder} ${groups?.name}`,
  );
  const packages = [...publishedPackages()].map(([folder, name]) => `${folder} ${name}`);
  expect(rows.toSorted()).toEqual(packages.toSorted());
});
