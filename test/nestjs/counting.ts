import { Cacheable } from '@keyslot/nestjs';
import { type Place, placeById, wien } from './places.ts';

/** Counts how often each instance's methods really run. */
export class Counting {
  runs = 0;

  @Cacheable(placeById, { params: (id: number) => ({ id }), ttl: '1m' })
  async findOne(id: number): Promise<Place | null> {
    this.runs += 1;
    return id === wien.id ? wien : null;
  }
}
