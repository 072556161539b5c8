import { key } from '@keyslot/keys';
import type { places } from '../database/schema.ts';

/** A place as callers see it. */
export type Place = Omit<typeof places.$inferSelect, 'searchName'>;

/** A place's id with its distance from the point that was asked for. */
export interface Neighbour {
  readonly id: number;
  readonly distanceKm: number;
}

/** One place; `null` says that there is none with this id. */
export const placeById = key('places:{place:<id>}:detail').holds<Place | null>();

/** Who lives next to a point, without their details: places change their names, but they do not move. */
export const nearestPlaces = key('places:{near:<lat>:<lon>}:<limit>').holds<Neighbour[]>();
