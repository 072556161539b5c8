import { Inject, Injectable } from '@nestjs/common';
import { and, between, desc, eq, getTableColumns, gte, like, lte, or, type SQL, sql } from 'drizzle-orm';
import { DATABASE } from '../database/database.module.ts';
import type { Database, OpenDatabase } from '../database/database.ts';
import { commits, foldName, places } from '../database/schema.ts';
import type { Neighbour, Place } from './place.ts';
import type { NearQuery, PlaceChanges, SearchQuery } from './places.schemas.ts';

const { searchName: _, ...placeColumns } = getTableColumns(places);

const EARTH_RADIUS_KM = 6371;
const KM_PER_DEGREE = (Math.PI / 180) * EARTH_RADIUS_KM;

/** The places in Postgres. Knows nothing of caching. */
@Injectable()
export class PlacesRepository {
  readonly #db: Database;

  constructor(@Inject(DATABASE) { db }: OpenDatabase) {
    this.#db = db;
  }

  async find(id: number): Promise<Place | null> {
    const [place] = await this.#db.select(placeColumns).from(places).where(eq(places.id, id));
    return place ?? null;
  }

  /** The largest places whose name begins with `q`; case and diacritics do not matter. */
  async search({ q, limit }: SearchQuery): Promise<Place[]> {
    const prefix = foldName(q).replace(/[\\%_]/g, '\\$&');
    return this.#db
      .select(placeColumns)
      .from(places)
      .where(like(places.searchName, `${prefix}%`))
      .orderBy(desc(places.population), places.id)
      .limit(limit);
  }

  /** The places nearest to a point. The circle searched grows until it holds enough of them. */
  async near({ lat, lon, limit }: NearQuery): Promise<Neighbour[]> {
    for (let radiusKm = 25; ; radiusKm *= 4) {
      const neighbours = await this.#within({ lat, lon, radiusKm, limit });
      if (neighbours.length === limit || radiusKm > Math.PI * EARTH_RADIUS_KM) return neighbours;
    }
  }

  /** The index narrows it down to a box around the circle, the distance does the rest. */
  async #within({ lat, lon, radiusKm, limit }: NearQuery & { radiusKm: number }): Promise<Neighbour[]> {
    const distanceKm = sql<number>`${2 * EARTH_RADIUS_KM} * asin(least(1, sqrt(
      sin(radians(${places.lat} - ${lat}) / 2) ^ 2
      + cos(radians(${lat})) * cos(radians(${places.lat})) * sin(radians(${places.lon} - ${lon}) / 2) ^ 2
    )))`.mapWith(Number);

    return this.#db
      .select({ id: places.id, distanceKm })
      .from(places)
      .where(and(boxAround({ lat, lon, radiusKm }), lte(distanceKm, radiusKm)))
      .orderBy(distanceKm, places.id)
      .limit(limit);
  }

  /**
   * Changes a place and records the commit, in one transaction.
   *
   * @returns the place as it is now; null if there is none with this id.
   */
  async change(id: number, { name, population }: PlaceChanges): Promise<Place | null> {
    return this.#db.transaction(async (tx) => {
      const [place] = await tx
        .update(places)
        .set({
          ...(name !== undefined && { name, searchName: foldName(name) }),
          ...(population !== undefined && { population }),
          version: sql`${places.version} + 1`,
          updatedAt: sql`clock_timestamp()`,
        })
        .where(eq(places.id, id))
        .returning(placeColumns);
      if (!place) return null;

      // Last, so that its time is as close to the commit as a statement can be.
      await tx.insert(commits).values({
        placeId: id,
        version: place.version,
        committedAt: sql`clock_timestamp()`,
      });
      return place;
    });
  }
}

/** Degrees of latitude and longitude that surely hold the circle. Longitudes shrink towards the poles and wrap at ±180. */
function boxAround({ lat, lon, radiusKm }: { lat: number; lon: number; radiusKm: number }): SQL | undefined {
  const south = lat - radiusKm / KM_PER_DEGREE;
  const north = lat + radiusKm / KM_PER_DEGREE;
  const inLatitude = between(places.lat, south, north);
  if (south <= -90 || north >= 90) return inLatitude;

  const reach =
    (Math.asin(Math.sin(radiusKm / EARTH_RADIUS_KM) / Math.cos((lat * Math.PI) / 180)) * 180) / Math.PI;
  const west = lon - reach;
  const east = lon + reach;
  if (west < -180) return and(inLatitude, or(lte(places.lon, east), gte(places.lon, west + 360)));
  if (east > 180) return and(inLatitude, or(gte(places.lon, west), lte(places.lon, east - 360)));
  return and(inLatitude, between(places.lon, west, east));
}
