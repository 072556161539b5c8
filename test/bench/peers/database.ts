import { setTimeout as sleep } from 'node:timers/promises';

/** What a row of the example's database looks like: what services cache. */
export interface Place {
  readonly id: string;
  readonly name: string;
  readonly country: string;
  readonly adminCode: string;
  readonly featureCode: string;
  readonly population: number;
  readonly lat: number;
  readonly lon: number;
  readonly altitude: number;
  readonly version: number;
}

/** What is loaded for an id: no two are equal, so that a mixed-up answer is noticed. */
export function placeOf(id: string): Place {
  return {
    id,
    name: 'Vienna',
    country: 'AT',
    adminCode: '09',
    featureCode: 'PPLC',
    population: 1_691_468,
    lat: 48.20849,
    lon: 16.37208,
    altitude: 171,
    version: 3,
  };
}

/** Where one library loads from. Counts. */
export class Database {
  loads = 0;

  /** How long a load takes. */
  delayMs = 0;

  readonly load = async (id: string): Promise<Place> => {
    this.loads++;
    if (this.delayMs > 0) await sleep(this.delayMs);
    return placeOf(id);
  };
}
