import { expect, it } from 'vitest';
import { filesLike, publishedPackages, textOf } from './repository.ts';

const FORM = /^---\n(?<packages>(?:['"][^'"\n]+['"]: (?:major|minor|patch)\n)+)---\n\n[A-Z`][^\n]*\.\n$/;

it('each changeset names packages of this repository and says in one line what users notice', () => {
  const known = [...publishedPackages().values()];
  const faults = filesLike('.changeset/*.md')
    .filter((file) => !file.endsWith('README.md'))
    .flatMap((file) => {
      const packages = FORM.exec(textOf(file))?.groups?.packages;
      if (!packages)
        return [`${file}: wants front matter, an empty line, and one line that ends in a full stop`];
      return [...packages.matchAll(/['"](?<name>[^'"]+)['"]/g)]
        .map(({ groups }) => groups?.name ?? '')
        .filter((name) => !known.includes(name))
        .map((name) => `${file}: there is no package ${name}`);
    });
  expect(faults).toEqual([]);
});
