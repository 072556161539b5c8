import { Logger } from '@nestjs/common';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { loadCities } from './cities.ts';
import type { OpenDatabase } from './database.ts';
import { openEmbedded } from './embedded.ts';
import { seed } from './seed.ts';

export interface DatabaseOptions {
  /** A Postgres server to use, as a `postgresql://` URL. Without it, PGlite runs inside this process. */
  readonly url: string | undefined;

  /** Where the embedded database's prepared data are kept. Unused with `url`. */
  readonly cacheDir: string;
}

/** Opens the database and makes sure that the places are in it. */
export async function openDatabase({ url, cacheDir }: DatabaseOptions): Promise<OpenDatabase> {
  return url === undefined ? openEmbedded(cacheDir) : openServer(url);
}

async function openServer(url: string): Promise<OpenDatabase> {
  const pool = new pg.Pool({ connectionString: url, max: 4, application_name: 'keyslot-places' });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => new Logger('Database').warn(`connection lost: ${error.message}`));

  const db = drizzle({ client: pool });
  try {
    await seed(db, loadCities);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return { db, kind: 'server', close: () => pool.end() };
}
