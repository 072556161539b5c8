import { describe, expect, it } from 'vitest';
import type { City } from '../database/cities.ts';
import { Traffic } from './traffic.ts';

const cities: City[] = Array.from({ length: 500 }, (_, index) => ({
  cityId: 1000 + index,
  name: `Place ${index}`,
  country: 'XX',
  featureCode: 'PPL',
  adminCode: '01',
  population: 100 * (index + 1),
  loc: { coordinates: [index / 10, index / 20] },
}));

const requests = (seed: number, count: number) => {
  const traffic = new Traffic(cities, seed);
  return Array.from({ length: count }, () => traffic.next());
};

describe('Traffic', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(requests(1, 200)).toEqual(requests(1, 200));
    expect(requests(1, 200)).not.toEqual(requests(2, 200));
  });

  it('changes a place with one in twenty of the requests about one place', () => {
    const all = requests(3, 20_000);
    const changes = all.filter(({ kind }) => kind === 'change').length;
    const aboutOne = all.filter(({ kind }) => kind !== 'search' && kind !== 'near').length;
    expect(changes / aboutOne).toBeCloseTo(0.05, 2);
  });

  it('asks for the largest place most', () => {
    const traffic = new Traffic(cities, 4);
    expect(traffic.largestId).toBe(1499);
    expect(traffic.hottestKey).toBe('places:{place:1499}:detail');

    const asked = new Map<string, number>();
    for (const { kind, path } of requests(4, 5000)) {
      if (kind === 'detail') asked.set(path, (asked.get(path) ?? 0) + 1);
    }
    expect([...asked].toSorted((a, b) => b[1] - a[1])[0]?.[0]).toBe('/places/1499');
  });

  it.each([
    ['detail', /^\/places\/\d+$/, 200, [expect.stringMatching(/^places:\{place:\d+\}:detail$/)]],
    [
      'unknown',
      /^\/places\/20000000\d\d$/,
      404,
      [expect.stringMatching(/^places:\{place:20000000\d\d\}:detail$/)],
    ],
    ['near', /^\/places\/near\?/, 200, [expect.stringMatching(/^places:\{near:.*\}:5$/)]],
    ['search', /^\/places\/search\?q=./, 200, []],
    ['change', /^\/places\/\d+$/, 200, []],
  ] as const)(
    'says of a %s what is right for it and which keys it asks for',
    (wanted, path, expected, asksFor) => {
      const some = requests(5, 5000).filter(({ kind }) => kind === wanted);
      expect(some.length).toBeGreaterThan(0);
      for (const request of some) {
        expect(request).toMatchObject({ expected, path: expect.stringMatching(path) });
        expect(request.asksFor).toEqual(asksFor);
      }
    },
  );
});
