import { describe, expect, it } from 'vitest';
import { Doubts } from './doubts.ts';

describe('a doubt', () => {
  it('of this process lasts until it is settled, whatever anybody else says', () => {
    const doubts = new Doubts();
    doubts.own('a', 'me');
    doubts.settle('a', 'you');
    doubts.hear('a', 'me', 0);
    expect(doubts.has('a', 1e15)).toBe(true);
    doubts.settle('a', 'me');
    expect(doubts.has('a', 0)).toBe(false);
  });

  it('of another process ends three seconds after it was last told', () => {
    const doubts = new Doubts();
    doubts.hear('a', 'you', 0);
    doubts.hear('a', 'you', 1_000);
    expect(doubts.has('a', 3_999)).toBe(true);
    expect(doubts.has('a', 4_000)).toBe(false);
  });

  it('lasts as long as one of those who have it', () => {
    const doubts = new Doubts();
    doubts.own('a', 'me');
    doubts.hear('a', 'you', 0);
    doubts.hear('a', 'they', 2_000);
    doubts.settle('a', 'me');
    expect(doubts.has('a', 3_500)).toBe(true);
    doubts.settle('a', 'they');
    expect(doubts.has('a', 3_500)).toBe(false);
  });

  it('concerns one key', () => {
    const doubts = new Doubts();
    doubts.own('a', 'me');
    expect(doubts.has('b', 0)).toBe(false);
  });

  it('that nobody settles is not kept, though nobody asks for its key any more', () => {
    const doubts = new Doubts();
    for (let i = 0; i < 1_000; i++) doubts.hear(`gone-${i}`, 'you', 0);
    doubts.hear('a', 'you', 3_000);
    expect(doubts.size).toBe(1);
  });

  it('that others have is not kept longer than it lasts, though another one goes on', () => {
    const doubts = new Doubts();
    doubts.own('a', 'me');
    for (let i = 0; i < 1_000; i++) doubts.hear('a', `gone-${i}`, 0);
    doubts.hear('a', 'you', 3_000);
    expect(doubts.sourcesOf('a')).toBe(2);
  });

  it('of others is heard for as long as there is room, and of this process whatever others say', () => {
    const doubts = new Doubts();
    const long = 'x'.repeat(60_000);
    const told = Array.from({ length: 300 }, (_, i) => doubts.hear(`${i}:${long}`, 'you', 0));
    const room = told.indexOf('crowded');
    expect([room > 200, new Set(told.slice(room))]).toEqual([true, new Set(['crowded'])]);
    expect([doubts.has(`0:${long}`, 0), doubts.has(`299:${long}`, 0)]).toEqual([true, false]);
    expect(doubts.hear(`0:${long}`, 'you', 1)).toBe('heard');
    doubts.own(`299:${long}`, 'me');
    expect(doubts.has(`299:${long}`, 0)).toBe(true);
    // There is room again when others were settled, or nothing more was heard of them.
    doubts.settle(`0:${long}`, 'you');
    expect(doubts.hear(`298:${long}`, 'you', 2)).toBe('heard');
    expect(doubts.hear(`297:${long}`, 'you', 2)).toBe('crowded');
    expect(doubts.hear(`297:${long}`, 'you', 3_002)).toBe('heard');
    expect(doubts.size).toBe(2);
  });
});
