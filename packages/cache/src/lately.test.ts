import { describe, expect, it } from 'vitest';
import { Lately } from './lately.ts';

describe('a change', () => {
  it('is remembered for ten seconds after it was last told', () => {
    const lately = new Lately();
    lately.note('a', 't', 0);
    lately.note('a', 't', 5_000);
    expect([lately.has('a', 14_999), lately.has('a', 15_000), lately.has('b', 0)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is forgotten before its time when there are too many, the oldest first', () => {
    const lately = new Lately();
    for (let i = 0; i <= 50_000; i++) lately.note(`key:${i}`, undefined, 0);
    expect([lately.has('key:0', 0), lately.has('key:1', 0), lately.has('key:50000', 0)]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is known by its template if it was ours, while it is remembered', () => {
    const lately = new Lately();
    lately.note('a', 't', 0);
    lately.note('a', undefined, 5_000);
    lately.note('b', undefined, 5_000);
    expect([...lately.all(5_000)]).toEqual([
      ['a', 't'],
      ['b', undefined],
    ]);
    expect([...lately.all(15_000)]).toEqual([]);
    lately.note('a', undefined, 15_000);
    expect([...lately.all(15_000)]).toEqual([['a', undefined]]);
  });
});
