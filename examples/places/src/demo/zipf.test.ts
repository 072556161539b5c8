import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, it } from 'vitest';
import { Zipf } from './zipf.ts';

describe('Zipf', () => {
  it('maps the whole range from 0 to below 1 to ranks, in order', () => {
    const zipf = new Zipf(4);
    // 1 + 1/2 + 1/3 + 1/4 = 25/12, so the first has 0.48, the first two 0.72, the first three 0.88.
    expect(
      [0, 0.479, 0.481, 0.719, 0.721, 0.879, 0.881, 1 - Number.EPSILON].map((u) => zipf.rank(u)),
    ).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('asks for the first rank about twice as often as for the second and ten times as often as for the tenth', () => {
    const zipf = new Zipf(1000);
    const random = xoroshiro128plus(7);
    const counts = new Array<number>(1000).fill(0);
    for (let draw = 0; draw < 200_000; draw++) {
      const rank = zipf.rank(uniformFloat64(random));
      counts[rank] = (counts[rank] ?? 0) + 1;
    }
    const [first = 0, second = 0] = counts;
    expect(first / second).toBeCloseTo(2, 0);
    expect(first / (counts[9] ?? 0)).toBeGreaterThan(8.5);
    expect(first / (counts[9] ?? 0)).toBeLessThan(11.5);
  });

  it('has one rank when there is one', () => {
    expect(new Zipf(1).rank(0.999)).toBe(0);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %d ranks', (ranks) => {
    expect(() => new Zipf(ranks)).toThrow(/^ranks: got .*; allowed/);
  });
});
