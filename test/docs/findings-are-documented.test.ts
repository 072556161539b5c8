import { expect, it } from 'vitest';
import { readPage } from '../../tools/markdown.mjs';
import { textOf } from './repository.ts';

it('every finding has a heading, and every heading that is a code is a finding', () => {
  const [, union = ''] =
    /export type FindingCode =(?<codes>[^;]+);/.exec(textOf('packages/cluster/src/finding.ts')) ?? [];
  const inCode = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
  const inDocs = readPage(textOf('docs/reference/findings.md'))
    .headings.map(({ text }) => text)
    .filter((text) => /^[A-Z]+_[A-Z_]+$/.test(text));

  expect(inCode.length).toBeGreaterThan(0);
  expect(inDocs.toSorted()).toEqual(inCode.toSorted());
});
