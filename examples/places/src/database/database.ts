import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';

/** The places' database, whichever driver is under it. */
export type Database = PgDatabase<PgQueryResultHKT>;

/** A database that somebody has to close. */
export interface OpenDatabase {
  readonly db: Database;

  /** `embedded`: PGlite in this process. `server`: the one that `DATABASE_URL` names. */
  readonly kind: 'embedded' | 'server';

  close(): Promise<void>;
}
