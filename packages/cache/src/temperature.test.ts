import { expect, it } from 'vitest';
import { Temperature } from './temperature.ts';

it('a template is cold after many misses, and warm again after as many hits', () => {
  const temperature = new Temperature();
  const after = (count: number, outcome: 'hit' | 'miss') => {
    for (let i = 0; i < count; i++) temperature.note('t', outcome);
    return temperature.isCold('t');
  };
  expect(temperature.isCold('t')).toBe(false);
  expect([after(40, 'miss'), after(20, 'miss'), after(10, 'hit'), after(40, 'hit')]).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(temperature.isCold('other')).toBe(false);
});
