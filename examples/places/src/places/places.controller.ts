import { Body, Controller, Get, NotFoundException, Param, Patch, Query } from '@nestjs/common';
import type { Place } from './place.ts';
import {
  type NearQuery,
  nearQuery,
  type PlaceChanges,
  type PlaceParams,
  placeChanges,
  placeParams,
  type SearchQuery,
  searchQuery,
} from './places.schemas.ts';
import { type NearbyPlace, PlacesService } from './places.service.ts';

@Controller('places')
export class PlacesController {
  readonly #places: PlacesService;

  constructor(places: PlacesService) {
    this.#places = places;
  }

  @Get('search')
  search(@Query({ schema: searchQuery }) query: SearchQuery): Promise<Place[]> {
    return this.#places.search(query);
  }

  @Get('near')
  near(@Query({ schema: nearQuery }) query: NearQuery): Promise<NearbyPlace[]> {
    return this.#places.near(query);
  }

  @Get(':id')
  async findOne(@Param({ schema: placeParams }) { id }: PlaceParams): Promise<Place> {
    return found(id, await this.#places.findOne(id));
  }

  @Patch(':id')
  async change(
    @Param({ schema: placeParams }) { id }: PlaceParams,
    @Body({ schema: placeChanges }) changes: PlaceChanges,
  ): Promise<Place> {
    return found(id, await this.#places.change(id, changes));
  }
}

function found(id: number, place: Place | null): Place {
  if (place === null) throw new NotFoundException(`id: there is no place ${id}`);
  return place;
}
