import { describe, expect, it } from 'vitest';
import { toDoctest } from './doctest.mjs';
import { toModule } from './gen-doctests.mjs';
import { readDocComments, readPage } from './markdown.mjs';

const fence = (code: string, info = 'ts run') => `Text.\n\n\`\`\`${info}\n${code}\n\`\`\`\n`;
const testOf = (code: string, info?: string) =>
  readPage(fence(code, info)).fences.map((each) => toDoctest(each, 'a.md'))[0];

describe('toDoctest', () => {
  it('leaves a fence alone that does not ask to be run', () => {
    expect([testOf('anything(', 'ts'), testOf('npm start', 'sh')]).toEqual([undefined, undefined]);
  });

  it.each([
    ['toMs(1); // => 1_000', 'expect(toMs(1)).toEqual(1_000);'],
    ['await get(1) // => { a: [1] }', 'expect(await get(1)).toEqual({ a: [1] });'],
    ['f(\n  1,\n); // => 1', 'expect(f(\n  1,\n)).toEqual(1);'],
    ['const a = f(); // => 1', 'const a = f(); expect(a).toEqual(1);'],
    ['if (x) {\n  f(); // => 1\n}', 'if (x) {\n  expect(f()).toEqual(1);\n}'],
    ['f(); // => 1\ng(); // => 2', 'expect(f()).toEqual(1);\nexpect(g()).toEqual(2);'],
    [
      'f(); // => throws KEYS_BAD',
      "await expect((async () => (f()))()).rejects.toMatchObject({ code: 'KEYS_BAD' });",
    ],
    ['f(); // an ordinary remark', 'f(); // an ordinary remark'],
    ["'// => 1'; // => '// => 1'", "expect('// => 1').toEqual('// => 1');"],
  ])('reads %j', (code, body) => {
    expect(testOf(code)?.body).toBe(body);
  });

  it('takes imports out of the body', () => {
    expect(
      testOf("import 'a';\nimport b, { type C, d as e } from 'f';\nimport * as g from 'h';\ne(g, b);"),
    ).toMatchObject({
      body: 'e(g, b);',
      sideEffects: ['a'],
      bindings: [
        { local: 'b', imported: 'default', source: 'f', isType: false },
        { local: 'C', imported: 'C', source: 'f', isType: true },
        { local: 'e', imported: 'd', source: 'f', isType: false },
        { local: 'g', imported: '*', source: 'h', isType: false },
      ],
    });
  });

  it.each([
    ['code that does not parse', 'const = 1', /^a\.md:3: does not parse/],
    [
      'a claim on a line of its own',
      'f();\n// => 1',
      /^a\.md:5: asserts nothing; "\/\/ => 1" must stand right behind/,
    ],
    ['a claim behind a brace', 'if (x) {} // => 1', /must stand right behind/],
    ['a claim about a pattern', 'const { a } = f(); // => 1', /one declared name/],
    ['a claim without a value', 'f(); // =>', /write "\/\/ => value"/],
    ['another arrow', 'f(); // -> 1', /write "\/\/ => value"/],
    ['a block comment', 'f(); /* => 1 */', /write "\/\/ => value"/],
    ['a value that is no expression', 'f(); // => about 5', /"about 5" is no expression/],
    ['an export', 'export const a = 1;', /drop the "export"/],
  ])('refuses %s', (_, code, message) => {
    expect(() => testOf(code)).toThrow(message);
  });

  it.each(['js run', 'ts run slowly', 'typescript run', 'ts cluster run'])(
    'refuses a fence opened with "%s"',
    (info) => {
      expect(() => testOf('f();', info)).toThrow(/allowed: "ts run", "ts run cluster"/);
    },
  );

  it('refuses a fence that is never closed', () => {
    const page = readPage('```ts run\nf();\n');
    expect(() => page.fences.map((each) => toDoctest(each, 'a.md'))).toThrow(
      /a\.md:1: the fence is never closed/,
    );
  });
});

describe('readDocComments', () => {
  it('finds fences with the line they have in the file', () => {
    const source =
      "const a = 1;\n\n/**\n * Doc.\n *\n * ```ts run\n * f(); // => 1\n * ```\n */\nexport const b = '/** ``` */';\n";
    expect(readDocComments('a.ts', source).flatMap(({ fences }) => fences)).toEqual([
      { info: 'ts run', code: 'f(); // => 1', line: 6, isClosed: true },
    ]);
  });
});

describe('toModule', () => {
  const tests = (...codes: string[]) => codes.flatMap((code) => testOf(code) ?? []);

  it('imports each name once; a value wins over a type', () => {
    const text = toModule(tests("import type { a } from 'x';", "import { a, b } from 'x';"));
    expect(text.match(/^import .*$/gm)).toEqual([
      "import { expect, it } from 'vitest';",
      "import { a } from 'x';",
      "import { b } from 'x';",
    ]);
  });

  it('refuses one name for two things', () => {
    expect(() => toModule(tests("import { a } from 'x';", "import { a } from 'y';"))).toThrow(
      /'a' is imported from y/,
    );
  });

  it('starts one cluster for all that need it', () => {
    const text = toModule(
      [testOf('cluster.nodes;', 'ts run cluster'), testOf('cluster;', 'ts run cluster')].flatMap(
        (t) => t ?? [],
      ),
    );
    expect(text.match(/TestCluster\.start/g)).toHaveLength(1);
  });
});
