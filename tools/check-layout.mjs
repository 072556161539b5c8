/** The top level of the repository holds these names, dot files, and nothing else: it is the first page one reads. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDERS = ['packages', 'examples', 'test', 'docs', 'tools'];
const FILES = [
  'package.json',
  'pnpm-workspace.yaml',
  'pnpm-lock.yaml',
  'tsconfig.base.json',
  'turbo.json',
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'LICENSE',
];
/** Made by an install or a test run, and ignored by git. */
const IGNORED = ['node_modules', 'coverage'];

/**
 * What is too many and what is missing at the top level, one line each, empty when all is well.
 *
 * @param {string} root
 * @returns {string[]}
 */
export function findLayoutFaults(root) {
  const names = readdirSync(root);
  const allowed = [...FOLDERS, ...FILES, ...IGNORED];
  return [
    ...names
      .filter((name) => !name.startsWith('.') && !allowed.includes(name))
      .map(
        (name) => `${name}: not at the top level; move it into ${FOLDERS.join(', ')}, or make it a dot file`,
      ),
    ...[...FOLDERS, ...FILES].filter((name) => !names.includes(name)).map((name) => `${name}: is missing`),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = findLayoutFaults(fileURLToPath(new URL('..', import.meta.url)));
  for (const each of faults) console.error(each);
  if (faults.length > 0) process.exitCode = 1;
}
