import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findLayoutFaults } from './check-layout.mjs';

it('names what is too many and what is missing; dot files and node_modules may be there', () => {
  const root = mkdtempSync(join(tmpdir(), 'keyslot-layout-'));
  try {
    for (const name of ['packages', 'examples', 'test', 'docs', 'node_modules', '.ci', 'scripts'])
      mkdirSync(join(root, name));
    const files = [
      'package.json',
      'pnpm-workspace.yaml',
      'pnpm-lock.yaml',
      'tsconfig.base.json',
      'turbo.json',
      'README.md',
    ];
    for (const name of [...files, 'CONTRIBUTING.md', 'LICENSE', '.gitignore', 'notes.txt'])
      writeFileSync(join(root, name), '');

    expect(findLayoutFaults(root).toSorted()).toEqual([
      'CHANGELOG.md: is missing',
      expect.stringMatching(/^notes\.txt: not at the top level/),
      expect.stringMatching(/^scripts: not at the top level/),
      'tools: is missing',
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
