/**
 * What `npm test` does, in order: the cheap and telling first.
 *
 * @typedef {object} Step
 * @property {string} name what `--only` takes
 * @property {'checks' | 'tests'} group `checks` read the code, `tests` run it
 * @property {string} title one line for the reader of a log
 * @property {string[][]} commands run one after the other until one fails
 */

const vitest = (/** @type {string} */ project) => [
  'vitest',
  'run',
  '--config',
  'test/vitest.config.ts',
  '--project',
  project,
];
const build = ['turbo', 'run', 'build', '--output-logs=errors-only', '--ui=stream'];

/** @type {readonly Step[]} */
export const STEPS = [
  {
    name: 'format',
    group: 'checks',
    title: 'formatting and import order',
    commands: [['biome', 'ci', '--config-path', '.biome.json', '.']],
  },
  {
    name: 'gen',
    group: 'checks',
    title: 'generated modules match their .lua files',
    commands: [['node', 'tools/gen-lua.mjs', '--check']],
  },
  {
    name: 'lint',
    group: 'checks',
    title: 'oxlint with types; a warning is a failure',
    commands: [['oxlint', '--type-aware', '--deny-warnings', '-c', '.oxlintrc.json', '.']],
  },
  {
    name: 'arrows',
    group: 'checks',
    title: 'packages import along the arrows only',
    commands: [['node', 'tools/check-arrows.mjs']],
  },
  {
    name: 'layout',
    group: 'checks',
    title: 'nothing stray at the top level',
    commands: [['node', 'tools/check-layout.mjs']],
  },
  { name: 'build', group: 'checks', title: 'what will be published compiles', commands: [build] },
  {
    name: 'types',
    group: 'checks',
    title: 'tests, benches, type tests, examples and tools compile',
    commands: [
      ['tsc', '-p', 'test'],
      ['tsc', '-p', 'examples'],
      ['tsc', '-p', 'tools'],
    ],
  },
  {
    name: 'packages',
    group: 'checks',
    title: 'packed packages resolve: publint, attw',
    commands: [build, ['node', 'tools/check-packages.mjs']],
  },
  {
    name: 'knip',
    group: 'checks',
    title: 'no unused files, exports or dependencies',
    commands: [['knip', '--config', '.knip.jsonc']],
  },
  { name: 'unit', group: 'tests', title: 'tests that need no cluster', commands: [vitest('unit')] },
  {
    name: 'docs',
    group: 'tests',
    title: 'examples in the docs run, pages match the code',
    commands: [['node', 'tools/gen-doctests.mjs'], ['tsc', '-p', 'test/.generated'], vitest('docs')],
  },
  {
    name: 'cluster',
    group: 'tests',
    title: 'tests on clusters of real processes',
    commands: [vitest('cluster')],
  },
];

/** The last step; it looks at what the others left behind. */
export const TRACE = { name: 'trace', title: 'no process and no temporary file is left' };

/**
 * The steps that `--only` asks for.
 *
 * @param {readonly string[]} only names of steps and groups; empty means all
 * @returns {{ steps: readonly Step[], trace: boolean }}
 * @throws {Error} for a name that is neither
 */
export function select(only) {
  if (only.length === 0) return { steps: STEPS, trace: true };
  const known = new Set(['checks', 'tests', TRACE.name, ...STEPS.map(({ name }) => name)]);
  for (const each of only) {
    if (!known.has(each)) throw new Error(`--only: got '${each}'; allowed: ${[...known].join(', ')}`);
  }
  const steps = STEPS.filter(({ name, group }) => only.includes(name) || only.includes(group));
  // Whatever runs code can leave something behind, so it is looked at even when nobody asked.
  return { steps, trace: only.includes(TRACE.name) || steps.some(({ group }) => group === 'tests') };
}
