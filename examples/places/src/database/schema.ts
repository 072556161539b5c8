import { doublePrecision, integer, pgSchema, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

/** A schema of our own, so that a database handed over by `DATABASE_URL` keeps its other tables. */
const keyslotPlaces = pgSchema('keyslot_places');

export const places = keyslotPlaces.table('places', {
  /** The GeoNames id. */
  id: integer().primaryKey(),
  name: text().notNull(),
  /** The name as people type it, see {@link foldName}. */
  searchName: text('search_name').notNull(),
  country: text().notNull(),
  adminCode: text('admin_code').notNull(),
  featureCode: text('feature_code').notNull(),
  population: integer().notNull(),
  lat: doublePrecision().notNull(),
  lon: doublePrecision().notNull(),
  /** Grows by one with every change, so that two answers can be told apart by age. */
  version: integer().notNull().default(1),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
});

/** What was committed when, by the database's clock: the record by which answers are judged. */
export const commits = keyslotPlaces.table(
  'commits',
  {
    placeId: integer('place_id').notNull(),
    version: integer().notNull(),
    committedAt: timestamp('committed_at', { withTimezone: true }).notNull(),
  },
  (commit) => [primaryKey({ columns: [commit.placeId, commit.version] })],
);

/** What creates the tables above, in an empty database. */
export const createTables = `
  create schema if not exists keyslot_places;
  create table if not exists keyslot_places.places (
    id integer primary key,
    name text not null,
    search_name text not null,
    country text not null,
    admin_code text not null,
    feature_code text not null,
    population integer not null,
    lat double precision not null,
    lon double precision not null,
    version integer not null default 1,
    updated_at timestamptz not null default now()
  );
  create table if not exists keyslot_places.commits (
    place_id integer not null,
    version integer not null,
    committed_at timestamptz not null,
    primary key (place_id, version)
  );
`;

/**
 * What makes search and near quick, created after the rows because that takes half the time.
 *
 * A rare prefix is found by name; for a common one it is quicker to walk the largest places until
 * enough of them match. The planner chooses.
 */
export const createIndexes = `
  create index places_by_search_name on keyslot_places.places (search_name text_pattern_ops);
  create index places_by_population on keyslot_places.places (population desc);
  create index places_by_position on keyslot_places.places (lat, lon);
  analyze keyslot_places.places;
`;

/** `Zürich` → `zurich`: lower case without diacritics, whatever the database's locale. */
export function foldName(name: string): string {
  return name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
