import { expect, it } from 'vitest';
import { readPage } from '../../tools/markdown.mjs';
import { filesLike, textOf } from './repository.ts';

const PAGE = 'docs/reference/errors.md';

// A class with one code assigns it; one with several lists them, as keys of an object or members of a union.
const CODE = /\bcode = '(?<assigned>[A-Z][A-Z0-9_]+)'|^\s+(?:\| ')?(?<listed>[A-Z]+_[A-Z0-9_]+)[':]/gm;

const inCode = filesLike('packages/*/src/**/errors.ts').flatMap((file) =>
  [...textOf(file).matchAll(CODE)].map(({ groups }) => ({
    file,
    code: groups?.assigned ?? groups?.listed ?? '',
  })),
);

it('every error code has a heading, and every heading that is a code has an error', () => {
  const inDocs = readPage(textOf(PAGE))
    .headings.map(({ text }) => text)
    .filter((text) => /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(text));

  expect(inDocs.toSorted()).toEqual(inCode.map(({ code }) => code).toSorted());
});

it('every code begins with its package and belongs to one error', () => {
  const prefixOf = (file: string) => `${file.split('/')[1]?.toUpperCase().replaceAll('-', '_')}_`;
  expect(inCode.filter(({ file, code }) => !code.startsWith(prefixOf(file)))).toEqual([]);
  expect(inCode.map(({ code }) => code).filter((code, i, all) => all.indexOf(code) !== i)).toEqual([]);
});

it('finds the errors at all', () => {
  expect(inCode.length).toBeGreaterThan(0);
});
