import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Files of the repository that match, sorted, as paths from its root. Never what an install or a build made. */
export function filesLike(...patterns: string[]): string[] {
  return globSync(patterns, {
    cwd: root,
    exclude: ['**/node_modules', '**/dist', '**/.generated', '**/.cache'],
  }).sort();
}

/** A file's text; a missing one fails with its name rather than with a stack into Node. */
export function textOf(file: string): string {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch (error) {
    throw new Error(`${file} cannot be read: it must exist`, { cause: error });
  }
}

/** The names of the packages that are published, like `@keyslot/keys`, by folder. */
export function publishedPackages(): Map<string, string> {
  const manifests = filesLike('packages/*/package.json').map((file) => {
    const { name, private: isPrivate } = JSON.parse(textOf(file)) as { name: string; private?: boolean };
    return { folder: file.replace('/package.json', ''), name, isPrivate };
  });
  return new Map(manifests.filter(({ isPrivate }) => !isPrivate).map(({ folder, name }) => [folder, name]));
}
