import { key, rawKey, slotOf } from '@keyslot/keys';
import { Command } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { sharedSlot, slotFor, slotOfArgument, textOf } from './key-like.ts';

const place = key('places:{place:<id>}:detail').holds<string>();
const photo = key('places:{photo:<id>}').holds<string>();

describe('a key', () => {
  it('is its text, and knows its slot', () => {
    const k = place({ id: 1 });
    expect([textOf(k), slotFor(k)]).toEqual(['places:{place:1}:detail', slotOf('{place:1}')]);
    expect([textOf('x'), slotFor('x')]).toEqual(['x', slotOf('x')]);
  });

  it('of bytes has the slot of its bytes', () => {
    for (const bytes of [[0xff], [0x61, 0xfe, 0x7b, 0x80, 0x7d], [0xc3, 0xa4], [0x61]]) {
      const argument = Buffer.from(bytes);
      expect(slotOfArgument(argument)).toBe(new Command('get', [argument]).getSlot());
    }
    expect(slotOfArgument('ä')).toBe(slotOfArgument(Buffer.from('ä')));
  });
});

describe('the keys of a script', () => {
  it('share a slot', () => {
    const keys = { one: place({ id: 1 }), two: rawKey('{place:1}:x'), three: 'y{place:1}' };
    expect(sharedSlot('s', ['one', 'two', 'three'], keys)).toBe(slotOf('{place:1}'));
    expect(sharedSlot('s', [], {})).toBeUndefined();
  });

  it('that lie in two are named by their roles and templates, never by themselves', () => {
    const keys = { detail: place({ id: 'secret' }), cover: photo({ id: 'secret' }), old: 'secret:1' };
    expect(() => sharedSlot('swap', ['detail', 'cover', 'old'], keys)).toThrow(
      'The script swap: its keys must lie in one slot but do not: detail (places:{place:<id>}:detail), ' +
        'cover (places:{photo:<id>}), old (<raw>); give their templates one hash tag',
    );
  });
});
