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
    for (let i = 0; i < 50_000; i++) lately.note(`key:${i}`, undefined, 0);
    expect(lately.note('key:1', undefined, 0)).toBe('noted');
    expect(lately.note('key:50000', undefined, 0)).toBe('crowded');
    expect([lately.has('key:0', 0), lately.has('key:1', 0), lately.has('key:50000', 0)]).toEqual([
      false,
      true,
      true,
    ]);
    for (let i = 0; i < 50_000; i++) lately.note(`ours:${i}`, 't', 0);
    expect(lately.note('ours:50000', 't', 0)).toBe('crowded');
    expect(lately.note('ours:50001', 't', 10_000)).toBe('noted');
  });

  it('of this process is not forgotten for what others tell, however much that is', () => {
    const lately = new Lately();
    lately.note('ours', 't', 0);
    lately.note('ours', undefined, 1);
    for (let i = 0; i <= 50_000; i++) lately.note(`key:${i}`, undefined, 2);
    expect([lately.has('ours', 2), lately.has('key:0', 2), lately.has('key:1', 2)]).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('that others tell is forgotten before its time when their keys are too long together', () => {
    const lately = new Lately();
    const long = 'x'.repeat(60_000);
    for (let i = 0; i < 300; i++) lately.note(`${i}:${long}`, undefined, 0);
    expect([lately.has(`10:${long}`, 0), lately.has(`299:${long}`, 0)]).toEqual([false, true]);
    for (let i = 100; i < 300; i++) lately.note(`${i}:${long}`, undefined, 1);
    expect(lately.has(`100:${long}`, 1)).toBe(true);
    expect([...lately.all(1)].length).toBe(279);
  });

  it('is known by its template if it was ours, while it is remembered', () => {
    const lately = new Lately();
    lately.note('a', 't', 0);
    lately.note('a', undefined, 5_000);
    lately.note('b', undefined, 5_000);
    expect([...lately.all(5_000)]).toEqual([
      ['b', undefined],
      ['a', 't'],
    ]);
    expect([...lately.all(15_000)]).toEqual([]);
    lately.note('a', undefined, 15_000);
    expect([...lately.all(15_000)]).toEqual([['a', undefined]]);
  });
});
