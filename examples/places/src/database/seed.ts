import { sql } from 'drizzle-orm';
import type { City } from './cities.ts';
import type { Database } from './database.ts';
import { createIndexes, createTables, foldName, places } from './schema.ts';

/** Rows per statement: few enough to fit PGlite's memory comfortably. */
const BATCH = 10_000;

/** Any number, as long as nobody else uses it in the same database. */
const SEED_LOCK = 5_318_008;

/**
 * Creates the tables and loads the cities, unless that has been done.
 *
 * All of it is one transaction under an advisory lock: whoever comes second waits and finds
 * everything there, and a process that dies half way leaves nothing behind.
 */
export async function seed(db: Database, loadCities: () => readonly City[]): Promise<'seeded' | 'present'> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${SEED_LOCK})`);
    await executeAll(tx, createTables);

    const [present] = await tx.select({ id: places.id }).from(places).limit(1);
    if (present) return 'present';

    const cities = loadCities();
    for (let from = 0; from < cities.length; from += BATCH) {
      await insertAll(tx, cities.slice(from, from + BATCH));
    }
    await executeAll(tx, createIndexes);
    return 'seeded';
  });
}

/** One JSON parameter for all rows: with a parameter per value, seeding would take three times as long. */
async function insertAll(db: Database, cities: readonly City[]): Promise<void> {
  const rows = cities.map(({ cityId, name, country, adminCode, featureCode, population, loc }) => ({
    id: cityId,
    name,
    search_name: foldName(name),
    country,
    admin_code: adminCode,
    feature_code: featureCode,
    population,
    lon: loc.coordinates[0],
    lat: loc.coordinates[1],
  }));
  await db.execute(sql`
    insert into ${places} (id, name, search_name, country, admin_code, feature_code, population, lon, lat)
    select id, name, search_name, country, admin_code, feature_code, population, lon, lat
    from jsonb_populate_recordset(null::${places}, ${JSON.stringify(rows)}::jsonb)
  `);
}

/** PGlite prepares what drizzle executes, and a prepared text may hold one statement only. */
async function executeAll(db: Database, statements: string): Promise<void> {
  for (const statement of statements.split(';')) {
    if (statement.trim()) await db.execute(sql.raw(statement));
  }
}
