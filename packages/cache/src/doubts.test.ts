import { describe, expect, it } from 'vitest';
import { Doubts } from './doubts.ts';

describe('a doubt', () => {
  it('of this process lasts until it is settled, whatever anybody else says', () => {
    const doubts = new Doubts();
    doubts.own('a', 'me');
    doubts.settle('a', 'you');
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
});
