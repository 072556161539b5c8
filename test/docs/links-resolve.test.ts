import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Page, readPage } from '../../tools/markdown.mjs';
import { filesLike, textOf } from './repository.ts';

const root = new URL('../..', import.meta.url).pathname;
const pages = new Map<string, Page>(
  filesLike('*.md', '.changeset/*.md', 'docs/**/*.md', '{packages,examples}/**/*.md').map((file) => [
    file,
    readPage(textOf(file)),
  ]),
);

describe.each([...pages.keys()])('%s', (file) => {
  const page = pages.get(file);

  it('links to files and headings that exist', () => {
    const broken = (page?.links ?? [])
      .filter(({ url }) => !/^[a-z][a-z+.-]*:/i.test(url))
      .flatMap(({ url, line }) => {
        const reason = whyBroken(file, decodeURI(url));
        return reason ? [`${file}:${line}: ${url}: ${reason}`] : [];
      });
    expect(broken).toEqual([]);
  });

  it('closes its fences', () => {
    expect(page?.fences.filter(({ isClosed }) => !isClosed).map(({ line }) => `${file}:${line}`)).toEqual([]);
  });
});

it('reads the pages people begin with', () => {
  expect([...pages.keys()]).toEqual(
    expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/architecture.md']),
  );
});

function whyBroken(from: string, url: string): string | undefined {
  const [path = '', anchor] = url.split('#', 2);
  const target = path === '' ? from : normalize(join(dirname(from), path));
  if (target.startsWith('..') || path.startsWith('/')) return 'points outside the repository';
  if (!existsSync(join(root, target))) return 'there is no such file';
  if (anchor === undefined) return undefined;
  const page = pages.get(target);
  if (!page) return 'only a Markdown page has anchors';
  return page.anchors.has(anchor)
    ? undefined
    : `there is no heading for it; there are: ${[...page.anchors].join(', ')}`;
}
