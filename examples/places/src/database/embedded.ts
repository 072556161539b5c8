import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, cp, mkdir, rename } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { citiesVersion, loadCities } from './cities.ts';
import type { OpenDatabase } from './database.ts';
import { createIndexes, createTables } from './schema.ts';
import { seed } from './seed.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** Where downloads and prepared data are kept between runs. */
export const defaultCacheDir = join(homedir(), '.cache', 'keyslot');

/**
 * Opens a Postgres that runs inside this process (PGlite), with all places in it.
 *
 * The data are prepared once per machine, in `cacheDir`. That folder is never opened again, only copied:
 * PGlite allows one process per folder, and this way any number of them can start at the same time. It
 * also means that changes live as long as the process. For data that last, set `DATABASE_URL`.
 */
export async function openEmbedded(cacheDir: string): Promise<OpenDatabase & { readonly pglite: PGlite }> {
  const prepared = await prepareData(cacheDir);
  const folder = await TemporaryFolder.create(join(tmpdir(), 'keyslot-places-'));
  const data = join(folder.path, 'data');
  await cp(prepared, data, { recursive: true, mode: constants.COPYFILE_FICLONE });
  const pglite = await PGlite.create(data, { relaxedDurability: true });

  return {
    db: drizzle({ client: pglite }),
    kind: 'embedded',
    pglite,
    async close() {
      await pglite.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** The folder with the seeded data; its name changes with whatever its content depends on. */
async function prepareData(cacheDir: string): Promise<string> {
  const content = [createTables, createIndexes, citiesVersion, pgliteVersion()].join();
  const prepared = join(
    cacheDir,
    `places-${createHash('sha256').update(content).digest('hex').slice(0, 12)}`,
  );
  if (await exists(prepared)) return prepared;

  await mkdir(cacheDir, { recursive: true });
  await using folder = await TemporaryFolder.create(`${prepared}.seeding-`);
  const data = join(folder.path, 'data');
  const pglite = await PGlite.create(data, { relaxedDurability: true, ...compact });
  try {
    await seed(drizzle({ client: pglite }), loadCities);
    await pglite.exec('checkpoint');
  } finally {
    await pglite.close();
  }

  // Renaming is atomic: others see nothing or everything.
  await rename(data, prepared).catch(async (error: unknown) => {
    // Somebody who started at the same time was quicker; theirs is as good.
    if (!(await exists(prepared))) throw error;
  });
  return prepared;
}

/** Keeps the log files small: they are most of what would otherwise be copied at every start. */
const compact = {
  initDbStartParams: ['--wal-segsize=1'],
  postgresqlconf: ['min_wal_size=2MB', 'max_wal_size=8MB'],
};

/** PGlite's version decides which Postgres wrote the files. */
function pgliteVersion(): string {
  const require = createRequire(import.meta.url);
  const manifest = join(dirname(require.resolve('@electric-sql/pglite')), '../package.json');
  return (require(manifest) as { version: string }).version;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
