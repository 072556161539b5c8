import { key } from '@keyslot/keys';

/** What the tests of this folder cache. */
export interface Place {
  readonly id: number;
  readonly name: string;
}

export const placeById = key('places:{place:<id>}:detail').holds<Place | null>();
export const allPlaces = key('places:all').holds<Place[]>();

export const wien: Place = { id: 1, name: 'Wien' };
export const graz: Place = { id: 2, name: 'Graz' };
