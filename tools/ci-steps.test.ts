import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { STEPS, select } from './ci-steps.mjs';

const namesOf = (only: string[]) => select(only).steps.map(({ name }) => name);

describe('select', () => {
  it('takes everything when nothing is asked for', () => {
    expect(select([])).toEqual({ steps: STEPS, trace: true });
  });

  it('takes steps and groups, in the order of the list', () => {
    expect(namesOf(['docs', 'format'])).toEqual(['format', 'docs']);
    expect(namesOf(['tests'])).toEqual(['unit', 'docs', 'cluster']);
    expect(namesOf(['checks', 'tests'])).toEqual(namesOf([]));
  });

  it('looks for leftovers after whatever runs code', () => {
    expect([select(['unit']).trace, select(['trace']).trace, select(['checks']).trace]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('refuses a name that is neither step nor group', () => {
    expect(() => select(['format', 'linting'])).toThrow(
      /^--only: got 'linting'; allowed: checks, tests, trace, format/,
    );
  });
});

describe('the lint step', () => {
  it('fails on two files that import each other, even if only for types', () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyslot-cycle-'));
    try {
      writeFileSync(join(folder, 'a.ts'), "import type { B } from './b.ts';\nexport type A = B[];\n");
      writeFileSync(join(folder, 'b.ts'), "import type { A } from './a.ts';\nexport type B = A | 1;\n");
      const root = fileURLToPath(new URL('..', import.meta.url));
      const args = ['-c', join(root, '.oxlintrc.json'), '--deny-warnings', folder];
      const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/oxlint'), args, {
        encoding: 'utf8',
      });

      expect(status).toBe(1);
      expect(stdout).toContain('no-cycle');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
