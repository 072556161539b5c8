/** The Node and the pnpm that this repository runs on, fetched by npx into npm's own cache where they are missing. */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askedToEnd, ended, exitCodeOf, fail, say } from './run-child.mjs';

/** @typedef {{ node: string, version: string, path: string }} Toolchain `path` goes before the machine's PATH */

const root = fileURLToPath(new URL('..', import.meta.url));
const remembered = join(root, 'node_modules', '.cache', 'keyslot', 'toolchain.json');

const PNPM = 'pnpm@12.21.0';

/** @type {Record<string, string>} */
const NODES = { 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };
const USUAL_NODE = '24';

/** The argument by which a script run by npx is asked what npx gave it. */
const WHERE = '--where';

/** @returns {Promise<Toolchain>} */
export async function toolchain() {
  const packages = wantedPackages();
  return recall(packages) ?? fetchToolchain(packages);
}

/** The packages that npx is to bring: pnpm, and Node when the machine's own will not do. */
function wantedPackages() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isCurrent = (major === 22 && minor >= 22) || major === 24 || major >= 26;
  // Docker's Node images set NODE_VERSION to the version they hold, which is no wish for another.
  const set = process.env.NODE_VERSION;
  const wish = set === process.versions.node || set === '' ? undefined : set;

  if (isCurrent && (wish ?? String(major)) === String(major)) return [PNPM];
  const version = NODES[wish ?? USUAL_NODE];
  if (version === undefined) {
    return fail(`NODE_VERSION: got '${wish}'; allowed: ${Object.keys(NODES).join(', ')}; or unset it`);
  }
  // The platform's own package: the `node` package needs an install script, and where scripts are blocked it leaves
  // the machine's own Node in place without a word. Other platforms have no such package in these versions.
  const isPackaged = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
  return [`${isPackaged ? `node-linux-${process.arch}` : 'node'}@${version}`, PNPM];
}

/**
 * What npx said last time, as long as it is still there. Asking it again costs most of a second.
 *
 * @param {string[]} packages
 * @returns {Toolchain | undefined}
 */
function recall(packages) {
  try {
    const memory = JSON.parse(readFileSync(remembered, 'utf8'));
    if (memory.packages.join() !== packages.join()) return undefined;
    const known = /** @type {Toolchain} */ (memory.toolchain);
    const [bin = ''] = known.path.split(delimiter);
    for (const file of [known.node, join(bin, 'pnpm')]) accessSync(file, constants.X_OK);
    return known;
  } catch {
    return undefined; // Nothing remembered, or npm's cache was emptied since: fetched anew.
  }
}

/**
 * Written after the installation only: a folder node_modules that is not pnpm's would be in its way.
 *
 * @param {Toolchain} found
 */
export function remember(found) {
  mkdirSync(dirname(remembered), { recursive: true });
  writeFileSync(remembered, JSON.stringify({ packages: wantedPackages(), toolchain: found }));
}

/**
 * @param {string[]} packages
 * @returns {Promise<Toolchain>}
 */
async function fetchToolchain(packages) {
  const wanted = packages.join(' and ');
  say(`getting ${wanted} by way of npx`);
  const { code, output } = await capture(npx(), [
    ...['--yes', ...packages.flatMap((name) => ['--package', name])],
    ...['--', 'node', fileURLToPath(import.meta.url), WHERE],
  ]);
  if (code !== 0) {
    return fail(
      `npx could not bring ${wanted} (it ended with ${code}); its own message is above. It needs a network the first ` +
        'time; behind a proxy or with a mirror, npm has to know of it (npm config set proxy … or registry …)',
    );
  }

  const found = /** @type {Toolchain} */ (JSON.parse(output));
  const node = packages.find((name) => name.startsWith('node'))?.split('@')[1];
  if (node !== undefined && found.version !== `v${node}`) {
    return fail(`npx brought Node ${found.version} instead of ${node}; put Node ${node} on PATH yourself`);
  }
  const bin = found.path.split(delimiter).find((folder) => existsSync(join(folder, 'pnpm')));
  if (bin === undefined)
    return fail(`npx brought no pnpm, though ${PNPM} was asked for; put it on PATH yourself`);
  return { ...found, path: [bin, dirname(found.node)].join(delimiter) };
}

/** npx of the Node that runs this; else of PATH. */
function npx() {
  const beside = join(dirname(process.execPath), 'npx');
  const command = existsSync(beside) ? beside : 'npx';
  if (spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0) return command;
  return fail(
    `npx was not found, neither beside ${process.execPath} nor on PATH. It comes with npm: install npm ` +
      '(apt-get install npm), or a Node that brings npm along',
  );
}

/**
 * @param {string} command
 * @param {string[]} args
 */
async function capture(command, args) {
  const fetching = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, npm_config_loglevel: 'error', npm_config_update_notifier: 'false' },
  });
  let output = '';
  fetching.stdout.on('data', (data) => {
    output += data;
  });
  const { code, signal } = await ended(fetching, command);
  const asked = askedToEnd();
  if (asked !== undefined) process.exit(exitCodeOf(asked));
  return { code: code ?? signal, output };
}

// Run by ourselves from within npx: which Node and which PATH did it give us?
if (process.argv[2] === WHERE) {
  process.stdout.write(
    JSON.stringify({ node: process.execPath, version: process.version, path: process.env.PATH }),
  );
}
