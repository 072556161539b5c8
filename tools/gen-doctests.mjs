/**
 * Writes the examples of the documentation into `test/.generated/` as tests: those of README.md, docs/ and the doc
 * comments in packages/, one test per fence, one file per page. Those that need a cluster share one, in one file.
 *
 * They are compiled as well as run (`npm test -- --only docs`), so an example that no longer fits the types fails too.
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toDoctest } from './doctest.mjs';
import { readDocComments, readPage } from './markdown.mjs';

/** @typedef {import('./doctest.mjs').Doctest} Doctest */

const OUTPUT = 'test/.generated';
const TSCONFIG = {
  extends: '../tsconfig.json',
  // An example may declare what it does not use.
  compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
  include: [],
};
const CLUSTER_SETUP = `let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start({ primaries: 3, replicasPerPrimary: 1 });
});
afterAll(async () => {
  // Unset when the start failed, which has been reported by then.
  await (cluster as TestCluster | undefined)?.[Symbol.asyncDispose]();
});
`;

/**
 * Every example below `root` that asks to be run.
 *
 * @param {string} root
 * @returns {Map<string, Doctest[]>} by page
 */
export function findDoctests(root) {
  const markdown = globSync(['*.md', 'docs/**/*.md', '{packages,examples}/*/*.md'], { cwd: root });
  const modules = globSync('packages/*/src/**/*.ts', { cwd: root }).filter(
    (file) => !/\.(test|test-d)\.ts$/.test(file),
  );

  const pages = [...markdown, ...modules].sort().map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const parts = file.endsWith('.md') ? [readPage(text)] : readDocComments(file, text);
    const tests = parts.flatMap(({ fences }) => fences.flatMap((fence) => toDoctest(fence, file) ?? []));
    return /** @type {const} */ ([file, tests]);
  });
  return new Map(pages.filter(([, tests]) => tests.length > 0));
}

/**
 * The text of one test file.
 *
 * @param {Doctest[]} tests
 * @returns {string}
 */
export function toModule(tests) {
  const usesCluster = tests.some((test) => test.usesCluster);
  const helpers = ['expect', 'it', ...(usesCluster ? ['afterAll', 'beforeAll'] : [])];
  const imports = mergeImports([
    ...(usesCluster
      ? [
          {
            origin: OUTPUT,
            bindings: [
              { local: 'TestCluster', imported: 'TestCluster', source: '@keyslot/testkit', isType: false },
            ],
          },
        ]
      : []),
    ...tests,
  ]);

  return [
    '// Written from the examples named below by tools/gen-doctests.mjs: change those.',
    `import { ${helpers.join(', ')} } from 'vitest';`,
    ...new Set(tests.flatMap(({ sideEffects }) => sideEffects.map((source) => `import '${source}';`))),
    ...imports,
    '',
    ...(usesCluster ? [CLUSTER_SETUP] : []),
    ...tests.map(({ origin, body }) => `it('${origin}', async () => {\n${body}\n});\n`),
  ].join('\n');
}

/**
 * One import per name, whichever examples ask for it.
 *
 * @param {Pick<Doctest, 'origin' | 'bindings'>[]} tests
 * @returns {string[]}
 */
function mergeImports(tests) {
  /** @type {Map<string, import('./doctest.mjs').Binding>} */
  const byName = new Map();
  for (const { origin, bindings } of tests) {
    for (const binding of bindings) {
      const other = byName.get(binding.local);
      if (other && (other.source !== binding.source || other.imported !== binding.imported)) {
        throw new Error(
          `${origin}: '${binding.local}' is imported from ${binding.source}, elsewhere on the page from ${other.source}`,
        );
      }
      byName.set(binding.local, { ...binding, isType: binding.isType && (other?.isType ?? true) });
    }
  }
  return [...byName.values()].map(({ local, imported, source, isType }) => {
    const named = imported === local ? local : `${imported} as ${local}`;
    const what = imported === '*' ? `* as ${local}` : `{ ${named} }`;
    return `import ${isType ? 'type ' : ''}${what} from '${source}';`;
  });
}

/** @param {string} root */
function write(root) {
  const pages = findDoctests(root);
  if (pages.size === 0) throw new Error('no example asks to be run; is this the right folder?');
  const all = [...pages.values()].flat();
  const shared = all.filter(({ usesCluster }) => usesCluster);

  /** @type {Map<string, Doctest[]>} */
  const files = new Map();
  for (const [page, tests] of pages) {
    const own = tests.filter(({ usesCluster }) => !usesCluster);
    if (own.length > 0) files.set(`${page.replaceAll(/\W+/g, '-')}.test.ts`, own);
  }
  if (shared.length > 0) files.set('on-a-cluster.test.ts', shared);

  const output = join(root, OUTPUT);
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  for (const [file, tests] of files) writeFileSync(join(output, file), toModule(tests));
  // Listed one by one, because a pattern of TypeScript never enters a dot folder.
  const tsconfig = { ...TSCONFIG, files: [...files.keys()] };
  writeFileSync(join(output, 'tsconfig.json'), `${JSON.stringify(tsconfig, null, 2)}\n`);
  console.log(`${all.length} examples from ${pages.size} pages, ${shared.length} of them on a cluster`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) write(fileURLToPath(new URL('..', import.meta.url)));
