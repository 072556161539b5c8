/**
 * Keeps the arrows of docs/architecture.md: who may import whom, and only through the front door.
 *
 *     kernel ◀── keys ◀── cluster ◀── cache, rate-limit, lock ◀── nestjs ◀── examples
 *     metrics and cli listen to the others and drive them: nobody imports them
 *     testkit needs kernel and keys only: tests and examples import it, nobody else
 *
 * Read are the package files and every import and export statement, types too: a type that travels against an arrow
 * ties two packages as firmly as a value does. Cycles between files are the linter's (`import/no-cycle`).
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync, Visitor } from 'oxc-parser';

const LISTENERS_SEE = ['kernel', 'keys', 'cluster', 'cache', 'rate-limit', 'lock'];

/** Package folder → the package folders it may import. @type {Readonly<Record<string, readonly string[]>>} */
const ARROWS = {
  kernel: [],
  keys: ['kernel'],
  cluster: ['kernel', 'keys'],
  cache: ['kernel', 'keys', 'cluster'],
  'rate-limit': ['kernel', 'keys', 'cluster'],
  lock: ['kernel', 'keys', 'cluster'],
  nestjs: LISTENERS_SEE,
  metrics: LISTENERS_SEE,
  cli: [...LISTENERS_SEE, 'testkit'],
  testkit: ['kernel', 'keys'],
};

/**
 * @typedef {object} PackageJson
 * @property {string} name
 * @property {Record<string, unknown>} [exports]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [devDependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {Record<string, string>} [optionalDependencies]
 *
 * @typedef {{ folder: string, path: string, isExample: boolean, json: PackageJson }} Member
 * @typedef {{ members: Map<string, Member>, root: string }} Workspace
 */

/**
 * Every arrow that points the wrong way below `root`, one line each, empty when all is well.
 *
 * @param {string} root
 * @returns {string[]}
 */
export function findWrongArrows(root) {
  const workspace = readWorkspace(root);
  return [...workspace.members.values()].flatMap((member) => {
    if (!member.isExample && !(member.folder in ARROWS)) {
      return [
        `packages/${member.folder}: has no place in the arrows; give it one in tools/check-arrows.mjs and docs/architecture.md`,
      ];
    }
    return [...wrongDependencies(workspace, member), ...wrongImports(workspace, member)];
  });
}

/**
 * @param {string} root
 * @returns {Workspace}
 */
function readWorkspace(root) {
  const members = globSync('{packages,examples}/*/package.json', { cwd: root }).map((file) => {
    const path = dirname(file);
    /** @type {PackageJson} */
    const json = JSON.parse(readFileSync(join(root, file), 'utf8'));
    return { folder: path.split('/')[1] ?? '', path, isExample: path.startsWith('examples'), json };
  });
  return {
    root,
    members: new Map(
      members.sort((a, b) => a.path.localeCompare(b.path)).map((each) => [each.json.name, each]),
    ),
  };
}

/**
 * @param {Workspace} workspace
 * @param {Member} from
 */
function wrongDependencies({ members }, from) {
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = from.json;
  const shipped = Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies });
  const forTests = Object.keys(devDependencies ?? {});
  return [
    ...shipped.map((name) => ({ name, inTests: false })),
    ...forTests.map((name) => ({ name, inTests: true })),
  ].flatMap(({ name, inTests }) => {
    const to = members.get(name);
    const reason = to && refusal(from, to, inTests);
    return reason ? [`${from.path}/package.json: depends on ${name}, but ${reason}`] : [];
  });
}

/**
 * @param {Workspace} workspace
 * @param {Member} from
 */
function wrongImports(workspace, from) {
  const files = globSync('**/*.{ts,mts,cts,tsx,js,mjs}', {
    cwd: join(workspace.root, from.path),
    exclude: ['**/node_modules', '**/dist'],
  });
  return files.sort().flatMap((file) => {
    const path = join(from.path, file);
    const inTests = /\.(test|test-d|bench|fixture)\.ts$/.test(file) || file.startsWith('test/');
    return importsOf(path, readFileSync(join(workspace.root, path), 'utf8')).flatMap(
      ({ specifier, line }) => {
        const reason = specifier.startsWith('.')
          ? leavesPackage(workspace, from, path, specifier)
          : wrongPackage(workspace, from, specifier, inTests);
        return reason ? [`${path}:${line}: imports '${specifier}', but ${reason}`] : [];
      },
    );
  });
}

/**
 * @param {Workspace} workspace
 * @param {Member} from
 * @param {string} path
 * @param {string} specifier
 */
function leavesPackage({ root }, from, path, specifier) {
  const inside = relative(join(root, from.path), resolve(root, dirname(path), specifier));
  return inside.startsWith('..') ? 'that leaves the package; import the other one by its name' : undefined;
}

/**
 * @param {Workspace} workspace
 * @param {Member} from
 * @param {string} specifier
 * @param {boolean} inTests
 */
function wrongPackage({ members }, from, specifier, inTests) {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const to = members.get(name);
  if (!to) return name.startsWith('@keyslot/') ? 'there is no such package here' : undefined;
  if (to === from) {
    // A test may use its package as its users do; the package itself would import its own front door.
    return inTests ? undefined : 'that is the package itself; import the file';
  }
  const refused = refusal(from, to, inTests);
  if (refused) return refused;
  const entry = `.${specifier.slice(name.length)}`;
  const isExported = entry in (to.json.exports ?? {});
  return isExported ? undefined : `${name} does not export '${entry}'; import what its package.json exports`;
}

/**
 * Why `from` may not import `to`, if so.
 *
 * @param {Member} from
 * @param {Member} to
 * @param {boolean} inTests
 * @returns {string | undefined}
 */
function refusal(from, to, inTests) {
  if (to.isExample) return 'nobody imports an example';
  if (from.isExample || ARROWS[from.folder]?.includes(to.folder)) return undefined;
  if (inTests && to.folder === 'testkit' && !ARROWS.testkit?.includes(from.folder)) return undefined;
  const allowed = ARROWS[from.folder]?.join(', ') || 'no other package';
  return `${from.folder} may import ${allowed}${to.folder === 'testkit' ? ' (testkit is for tests and examples)' : ''}`;
}

/**
 * Every import, re-export and dynamic import of a module, with its line.
 *
 * @param {string} file
 * @param {string} text
 * @returns {{ specifier: string, line: number }[]}
 */
function importsOf(file, text) {
  const { module, program, errors } = parseSync(file, text);
  if (errors[0]) throw new Error(`${file}: does not parse: ${errors[0].message}`);

  const requests = [
    ...module.staticImports.map((each) => each.moduleRequest),
    ...module.staticExports.flatMap(({ entries }) => entries.flatMap((each) => each.moduleRequest ?? [])),
  ].map(({ value, start }) => ({ specifier: value, start }));
  const dynamic = module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) => {
    const literal = /^(['"`])(.*)\1$/.exec(text.slice(start, end))?.[2];
    return literal === undefined ? [] : { specifier: literal, start };
  });

  /** @type {{ specifier: string, start: number }[]} */
  const types = [];
  // `import('x').Thing` in a type is in no list of the module record.
  const visitor = new Visitor({
    TSImportType: ({ source }) => {
      types.push({ specifier: source.value, start: source.start });
    },
  });
  visitor.visit(program);

  const found = new Map([...requests, ...dynamic, ...types].map((each) => [each.start, each]));
  return [...found.values()].map(({ specifier, start }) => ({
    specifier,
    line: text.slice(0, start).split('\n').length,
  }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  if (!existsSync(join(root, 'packages'))) throw new Error(`no packages below ${root}`);
  const wrong = findWrongArrows(root);
  for (const each of wrong) console.error(each);
  if (wrong.length > 0) process.exitCode = 1;
}
