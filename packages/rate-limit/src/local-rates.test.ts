import { expect, test } from 'vitest';
import { LocalRates } from './local-rates.ts';

test('a subject is hot from so many a second on, and no longer when it was not for two windows', () => {
  const rates = new LocalRates(100);
  expect(Array.from({ length: 12 }, () => rates.count('s', 0))).toEqual([
    ...Array<boolean>(9).fill(false),
    true,
    true,
    true,
  ]);
  expect(rates.count('other', 50)).toBe(false);
  expect(rates.count('s', 120)).toBe(true);
  expect(rates.count('s', 230)).toBe(false);
  expect(rates.isHot('s')).toBe(false);
});

test('a subject that was hot long ago begins anew', () => {
  const rates = new LocalRates(10);
  expect(rates.count('s', 0)).toBe(true);
  expect(new LocalRates(20).count('s', 0)).toBe(false);
  rates.count('other', 10_000);
  expect(rates.isHot('s')).toBe(false);
});
