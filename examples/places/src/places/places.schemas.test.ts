import { describe, expect, it } from 'vitest';
import { nearQuery, placeChanges, placeParams, searchQuery } from './places.schemas.ts';

describe('placeParams', () => {
  it.each([
    ['1', 1],
    ['2761369', 2_761_369],
    ['2147483647', 2_147_483_647],
  ])('reads %s', (id, expected) => {
    expect(placeParams.parse({ id })).toEqual({ id: expected });
  });

  it.each(['', ' 1', '0', '-1', '+1', '1.0', '1e3', '0x10', '2147483648', '99999999999', '١', 'NaN'])(
    'refuses %j',
    (id) => {
      expect(placeParams.safeParse({ id }).error?.issues).toMatchObject([
        { path: ['id'], message: 'allowed: a whole number from 1 to 2147483647' },
      ]);
    },
  );
});

describe('searchQuery', () => {
  it('trims, and has a default limit', () => {
    expect(searchQuery.parse({ q: ' Zürich ' })).toEqual({ q: 'Zürich', limit: 10 });
  });

  it('refuses what it does not know', () => {
    expect(searchQuery.safeParse({ q: 'a', page: '2' }).success).toBe(false);
  });
});

describe('nearQuery', () => {
  it('keeps three decimals, so that neighbours share an entry', () => {
    expect(nearQuery.parse({ lat: '48.208491', lon: '-16.3725' })).toEqual({
      lat: 48.208,
      lon: -16.372,
      limit: 10,
    });
  });

  it('has one zero', () => {
    const { lat, lon } = nearQuery.parse({ lat: '-0.0001', lon: '-0' });
    expect([Object.is(lat, 0), Object.is(lon, 0)]).toEqual([true, true]);
  });

  it.each(['90.1', '-91', 'NaN', 'Infinity', '', '1e1', '0x1', '--1'])('refuses a latitude of %j', (lat) => {
    expect(nearQuery.safeParse({ lat, lon: '0' }).error?.issues).toMatchObject([
      { path: ['lat'], message: 'allowed: a number from -90 to 90' },
    ]);
  });
});

describe('placeChanges', () => {
  it('takes a name, a population, or both', () => {
    for (const changes of [{ name: 'Wien' }, { population: 0 }, { name: 'Wien', population: 2_000_000 }]) {
      expect(placeChanges.parse(changes)).toEqual(changes);
    }
  });

  it.each([
    [{}],
    [[]],
    [null],
    [undefined],
    ['Wien'],
    [{ version: 2 }],
    [{ name: 'a\u0000' }],
    [{ name: '\ud800' }],
  ])('refuses %j', (changes) => {
    expect(placeChanges.safeParse(changes).success).toBe(false);
  });
});
