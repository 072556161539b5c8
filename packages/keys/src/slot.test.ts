import { describe, expect, it } from 'vitest';
import { hashTagOf, slotOf } from './slot.ts';

describe('slotOf', () => {
  it('computes the check value that the Redis Cluster specification gives', () => {
    expect(slotOf('123456789')).toBe(0x31c3);
  });

  it.each([
    ['', 0],
    ['foo', 12_182],
    ['{foo}', 12_182],
    ['{foo', 13_308],
    ['a', 15_495],
    ['é', 10_180],
    ['{😀}x', 2_959],
    ['\ufffd', 13_381],
    // Other slot functions take the second pair here; the server does not.
    ['a{}b{c}d', 8_147],
  ])('%j is in slot %d', (text, slot) => {
    expect(slotOf(text)).toBe(slot);
  });

  it('hashes what Node sends for a lone surrogate, U+FFFD', () => {
    expect(slotOf('\ud800')).toBe(slotOf('\ufffd'));
    expect(slotOf('{\udfff}x')).toBe(slotOf('\ufffd'));
  });
});

describe('hashTagOf', () => {
  it.each([
    ['{user1000}.following', 'user1000'],
    ['foo{{bar}}zap', '{bar'],
    ['foo{bar}{zap}', 'bar'],
    ['}a{b}', 'b'],
  ])('%s has the hash tag %s', (text, tag) => {
    expect(hashTagOf(text)).toBe(tag);
    expect(slotOf(text)).toBe(slotOf(tag));
  });

  it.each(['', 'foo', 'foo{', 'foo}', '}foo{', 'foo{bar', 'foo{}{bar}', '{}'])('%j has none', (text) => {
    expect(hashTagOf(text)).toBeUndefined();
  });
});
