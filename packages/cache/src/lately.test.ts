import { describe, expect, it } from 'vitest';
import { Lately } from './lately.ts';

describe('a change', () => {
  it('is remembered for ten seconds after it was last told', () => {
    const lately = new Lately();
    lately.note('a', 0);
    lately.note('a', 5_000);
    expect([lately.has('a', 14_999), lately.has('a', 15_000), lately.has('b', 0)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is forgotten before its time when there are too many, the oldest first', () => {
    const lately = new Lately();
    for (let i = 0; i <= 50_000; i++) lately.note(`key:${i}`, 0);
    expect([lately.has('key:0', 0), lately.has('key:1', 0), lately.has('key:50000', 0)]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
