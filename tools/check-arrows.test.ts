import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findWrongArrows } from './check-arrows.mjs';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyslot-arrows-'));
  for (const name of ['kernel', 'keys', 'cluster', 'cache', 'testkit']) addPackage(name);
  write('examples/shop/package.json', JSON.stringify({ name: '@keyslot/example-shop' }));
});
afterEach(() => rmSync(root, { recursive: true }));

it('finds nothing where every arrow points the right way', () => {
  write(
    'packages/keys/src/key.ts',
    "import { toMs } from '@keyslot/kernel';\nimport './slot.ts';\nimport 'node:fs';\n",
  );
  write(
    'packages/cache/src/cache.ts',
    "export type { Key } from '@keyslot/keys';\nexport * from '@keyslot/cluster';\n",
  );
  write(
    'packages/cache/src/cache.test.ts',
    "import { TestCluster } from '@keyslot/testkit';\nimport { Cache } from '@keyslot/cache';\n",
  );
  write('examples/shop/src/main.ts', "import '@keyslot/cache';\nimport '@keyslot/testkit';\n");
  addPackage('cache', {
    dependencies: { '@keyslot/keys': '*', ioredis: '*' },
    devDependencies: { '@keyslot/testkit': '*' },
  });

  expect(findWrongArrows(root)).toEqual([]);
});

it.each([
  ['a value', "\nimport { Cache } from '@keyslot/cache';"],
  ['a type', "\nimport type { Cache } from '@keyslot/cache';"],
  ['a re-export', "\nexport { Cache } from '@keyslot/cache';"],
  ['a star re-export', "\nexport * from '@keyslot/cache';"],
  ['a type in passing', "\nexport let cache: import('@keyslot/cache').Cache;"],
  ['a dynamic import', "\nconst cache = await import('@keyslot/cache');"],
])('names file, line and what is allowed when %s goes against the arrow', (_, code) => {
  write('packages/keys/src/key.ts', code);
  expect(findWrongArrows(root)).toEqual([
    "packages/keys/src/key.ts:2: imports '@keyslot/cache', but keys may import kernel",
  ]);
});

it.each([
  ['packages/keys/src/key.ts', '@keyslot/kernel/src/clock.ts', /does not export '.\/src\/clock.ts'/],
  ['packages/keys/src/key.ts', '../../kernel/src/clock.ts', /leaves the package/],
  ['packages/keys/src/key.ts', '@keyslot/keys', /that is the package itself/],
  ['packages/keys/src/key.ts', '@keyslot/kernal', /no such package/],
  ['packages/cache/src/cache.ts', '@keyslot/testkit', /testkit is for tests and examples/],
  ['packages/cache/src/cache.ts', '@keyslot/example-shop', /nobody imports an example/],
  ['packages/keys/src/key.test.ts', '@keyslot/testkit', /keys may import kernel/],
  ['packages/testkit/src/fixtures.ts', '@keyslot/cluster', /testkit may import kernel, keys/],
  ['examples/shop/src/main.ts', '../../../packages/cache/src/cache.ts', /leaves the package/],
  ['examples/shop/src/main.ts', '@keyslot/cache/src/cache.ts', /does not export/],
])('refuses in %s an import of %s', (file, specifier, reason) => {
  write(file, `import '${specifier}';\n`);
  expect(findWrongArrows(root)).toEqual([expect.stringMatching(reason)]);
});

it('reads package files too, each kind of dependency', () => {
  addPackage('kernel', { dependencies: { '@keyslot/keys': '*' } });
  addPackage('keys', { peerDependencies: { '@keyslot/cluster': '*' } });
  addPackage('cluster', { devDependencies: { '@keyslot/cache': '*' } });
  expect(findWrongArrows(root)).toEqual([
    'packages/cluster/package.json: depends on @keyslot/cache, but cluster may import kernel, keys',
    'packages/kernel/package.json: depends on @keyslot/keys, but kernel may import no other package',
    'packages/keys/package.json: depends on @keyslot/cluster, but keys may import kernel',
  ]);
});

it('asks for a place for a package it does not know', () => {
  addPackage('queue');
  expect(findWrongArrows(root)).toEqual([
    expect.stringContaining('packages/queue: has no place in the arrows'),
  ]);
});

it('fails on a file it cannot read rather than passing it', () => {
  write('packages/keys/src/key.ts', 'import { from;');
  expect(() => findWrongArrows(root)).toThrow(/key\.ts: does not parse/);
});

function addPackage(folder: string, more: Record<string, Record<string, string>> = {}): void {
  const json = { name: `@keyslot/${folder}`, exports: { '.': './src/index.ts' }, ...more };
  write(`packages/${folder}/package.json`, JSON.stringify(json));
}

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}
