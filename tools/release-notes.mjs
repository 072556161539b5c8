/**
 * Turns the waiting changesets into the next version: its lines go to the top of CHANGELOG.md, its number into every
 * package file, and the changesets away. Commit what it leaves.
 *
 *     node tools/release-notes.mjs
 *
 * Changesets would keep one changelog per package; all packages share one version here, so one page tells the story.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {'major' | 'minor' | 'patch' | 'none'} Kind
 * @typedef {object} Plan as `changeset status --output` writes it
 * @property {{ summary: string, releases: { name: string, type: Kind }[] }[]} changesets
 * @property {{ name: string, type: Kind, newVersion: string }[]} releases
 */

const HEADINGS = { major: 'Breaking', minor: 'New', patch: 'Mended' };

/**
 * The page with one more release at its top.
 *
 * @param {string} changelog
 * @param {Plan} plan
 * @param {string} date like `2026-11-20`
 * @returns {string}
 */
export function withRelease(changelog, { changesets, releases }, date) {
  const version = releases.find(({ type }) => type !== 'none')?.newVersion;
  if (version === undefined) throw new Error('no changeset is waiting: there is nothing to release');
  const intro = changelog.indexOf('\n## ');
  const end = intro < 0 ? changelog.length : intro;

  const sections = /** @type {const} */ (['major', 'minor', 'patch']).flatMap((kind) => {
    const lines = changesets
      .filter((each) => strongest(each.releases) === kind)
      .map((each) => `- ${packagesOf(each.releases)}: ${each.summary.trim()}`);
    return lines.length > 0 ? [`### ${HEADINGS[kind]}\n\n${lines.toSorted().join('\n')}\n`] : [];
  });
  return `${changelog.slice(0, end).trimEnd()}\n\n## ${version} (${date})\n\n${sections.join('\n')}${changelog.slice(end)}`;
}

/** @param {Plan['changesets'][number]['releases']} releases */
function strongest(releases) {
  return /** @type {const} */ (['major', 'minor', 'patch']).find((kind) =>
    releases.some(({ type }) => type === kind),
  );
}

/** @param {{ name: string }[]} releases */
function packagesOf(releases) {
  return releases
    .map(({ name }) => `\`${name.replace('@keyslot/', '')}\``)
    .toSorted()
    .join(', ');
}

/** @param {string} root */
function release(root) {
  const changeset = (/** @type {string[]} */ ...args) =>
    execFileSync(join(root, 'node_modules/.bin/changeset'), args, { cwd: root, stdio: 'inherit' });
  const folder = mkdtempSync(join(tmpdir(), 'keyslot-release-'));
  try {
    const planFile = join(folder, 'plan.json');
    changeset('status', '--output', relative(root, planFile));
    /** @type {Plan} */
    const plan = JSON.parse(readFileSync(planFile, 'utf8'));

    const page = join(root, 'CHANGELOG.md');
    const text = withRelease(readFileSync(page, 'utf8'), plan, new Date().toISOString().slice(0, 10));
    changeset('version');
    writeFileSync(page, text);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  release(fileURLToPath(new URL('..', import.meta.url)));
