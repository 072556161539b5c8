import { Cacheable, CacheEvict } from '@keyslot/nestjs';
import { Injectable } from '@nestjs/common';
import { type Neighbour, nearestPlaces, type Place, placeById } from './place.ts';
import { PlacesRepository } from './places.repository.ts';
import type { NearQuery, PlaceChanges, SearchQuery } from './places.schemas.ts';

export interface NearbyPlace extends Place {
  readonly distanceKm: number;
}

@Injectable()
export class PlacesService {
  readonly #repository: PlacesRepository;

  constructor(repository: PlacesRepository) {
    this.#repository = repository;
  }

  /** Null is an answer like any other and is cached too, so that asking for unknown ids does not reach the database. */
  @Cacheable(placeById, { params: (id: number) => ({ id }), ttl: '5m' })
  findOne(id: number): Promise<Place | null> {
    return this.#repository.find(id);
  }

  /** Commits first; the decorator evicts once this has returned. The other way round, a reader could refill in between. */
  @CacheEvict(placeById, { params: (id: number, _changes: PlaceChanges) => ({ id }) })
  change(id: number, changes: PlaceChanges): Promise<Place | null> {
    return this.#repository.change(id, changes);
  }

  /** Not cached: any change of a name or a population may change any list, and no key could say which. */
  search(query: SearchQuery): Promise<Place[]> {
    return this.#repository.search(query);
  }

  /** The list is cached on its own, without the details, which every place keeps in its own entry and evicts there. */
  async near(query: NearQuery): Promise<NearbyPlace[]> {
    const nearby = await Promise.all(
      (await this.nearest(query)).map(async ({ id, distanceKm }) => {
        const place = await this.findOne(id);
        return place && { ...place, distanceKm };
      }),
    );
    return nearby.filter((place) => place !== null);
  }

  @Cacheable(nearestPlaces, { params: ({ lat, lon, limit }: NearQuery) => ({ lat, lon, limit }), ttl: '1h' })
  nearest(query: NearQuery): Promise<Neighbour[]> {
    return this.#repository.near(query);
  }
}
