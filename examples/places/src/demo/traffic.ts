import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { City } from '../database/cities.ts';
import { nearestPlaces, placeById } from '../places/place.ts';
import { nearQuery } from '../places/places.schemas.ts';
import { Zipf } from './zipf.ts';

/** One request that somebody could make. */
export interface DemoRequest {
  readonly kind: 'detail' | 'change' | 'search' | 'near' | 'unknown';
  readonly method: 'GET' | 'PATCH';
  readonly path: string;
  readonly body?: string;

  /** The status that is right for it; any other is an error. */
  readonly expected: 200 | 404;

  /** The texts of the cache keys that it certainly asks for. Those of listed places come with the answer. */
  readonly asksFor: readonly string[];
}

/** How 1000 requests divide. Of those that are about one place (930), 5 % change it. */
const SHARES = { detail: 879, change: 46, unknown: 5, search: 50, near: 20 } as const;

/** How much more often large places are asked for than small ones: the hundred largest get half of it. */
const STEEPNESS = 1.05;

/** Ids beyond every place's. */
const UNKNOWN_ID = 2_000_000_000;

/**
 * An endless stream of realistic requests: large places are asked for more often than small ones. The same seed
 * gives the same requests.
 */
export class Traffic {
  readonly #cities: readonly City[];
  readonly #zipf: Zipf;
  readonly #random;

  constructor(cities: readonly City[], seed: number) {
    this.#cities = cities.toSorted((a, b) => b.population - a.population || a.cityId - b.cityId);
    this.#zipf = new Zipf(this.#cities.length, STEEPNESS);
    this.#random = xoroshiro128plus(seed);
  }

  /** The place that is asked for most. */
  get largestId(): number {
    return this.#city(0).cityId;
  }

  /** The text of its cache key. */
  get hottestKey(): string {
    return placeById({ id: this.largestId }).text;
  }

  next(): DemoRequest {
    let ticket = uniformInt(this.#random, 0, 999);
    for (const [kind, share] of Object.entries(SHARES) as [DemoRequest['kind'], number][]) {
      if (ticket < share) return this.#request(kind, kind === 'change' ? this.#changed() : this.#asked());
      ticket -= share;
    }
    throw new Error('The shares do not add up to 1000');
  }

  #request(kind: DemoRequest['kind'], city: City): DemoRequest {
    switch (kind) {
      case 'detail':
        return { kind, ...get(`/places/${city.cityId}`), asksFor: [placeById({ id: city.cityId }).text] };
      case 'change':
        return {
          kind,
          method: 'PATCH',
          path: `/places/${city.cityId}`,
          body: JSON.stringify({ population: city.population + uniformInt(this.#random, 0, 1000) }),
          expected: 200,
          asksFor: [],
        };
      case 'search':
        return { kind, ...get(`/places/search?q=${encodeURIComponent(prefixOf(city.name))}`), asksFor: [] };
      case 'near': {
        const [lon, lat] = city.loc.coordinates;
        const query = { lat: `${lat}`, lon: `${lon}`, limit: '5' };
        return {
          kind,
          ...get(`/places/near?${new URLSearchParams(query).toString()}`),
          asksFor: [nearestPlaces(nearQuery.parse(query)).text],
        };
      }
      case 'unknown': {
        const id = UNKNOWN_ID + uniformInt(this.#random, 0, 99);
        return { kind, ...get(`/places/${id}`), expected: 404, asksFor: [placeById({ id }).text] };
      }
    }
  }

  /** A place that somebody asks for. */
  #asked(): City {
    return this.#city(this.#zipf.rank(uniformFloat64(this.#random)));
  }

  /** One change in four is of a place that many ask for; the others come from lists, in no such order. */
  #changed(): City {
    const isAsked = uniformInt(this.#random, 0, 3) === 0;
    return isAsked ? this.#asked() : this.#city(uniformInt(this.#random, 0, this.#cities.length - 1));
  }

  #city(rank: number): City {
    const city = this.#cities[rank];
    if (city === undefined) throw new RangeError(`There is no place of rank ${rank}`);
    return city;
  }
}

function get(path: string) {
  return { method: 'GET', path, expected: 200 } as const;
}

/** What somebody has typed when the list of suggestions comes: two to five characters. */
function prefixOf(name: string): string {
  const characters = Array.from(name);
  return characters
    .slice(0, 2 + (characters.length % 4))
    .join('')
    .trim();
}
