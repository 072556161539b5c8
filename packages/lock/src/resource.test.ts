import { key, rawKey, slotOf } from '@keyslot/keys';
import { describe, expect, it } from 'vitest';
import { lockKeyOf, type Resource } from './resource.ts';

describe('a resource', () => {
  it.each<[Resource, string]>([
    ['order:42', 'shop:lock:{order%3A42}'],
    ['}{', 'shop:lock:{%7D%7B}'],
    [key('orders:{order:<id>}')({ id: 42 }), 'shop:lock:of:orders:{order:42}'],
    [key('plain')(), 'shop:lock:of:plain'],
    [rawKey('legacy:{42}:x'), 'shop:lock:of:legacy:{42}:x'],
    [rawKey('odd{}'), 'shop:lock:of:odd{}'],
  ])('%o is locked at %s, in the slot of that', (resource, text) => {
    const found = lockKeyOf('lock', 'shop:', resource);
    expect(found.text).toBe(text);
    expect(found.slot).toBe(slotOf(text));
  });

  it('that is a key is locked in the slot of the key', () => {
    const order = key('orders:{order:<id>}')({ id: 42 });
    expect(lockKeyOf('lock', 'shop:', order)).toMatchObject({ slot: order.slot, template: order.template });
  });

  it('is another one as a semaphore', () => {
    expect(lockKeyOf('semaphore', '', 'x').text).toBe('semaphore:{x}');
  });

  it('has a name, which no error shows', () => {
    expect(() => lockKeyOf('lock', '', `secret${'x'.repeat(1_000)}`)).toThrow(
      /^(?!.*secret)resource: got a text of 1006/,
    );
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [7, 'a number'],
    [{}, 'an object'],
    [{ text: 'secret' }, 'an object'],
    [['secret'], 'an array'],
    [() => 'secret', 'a function'],
    ['', 'a text of 0 characters'],
  ])('is not %o, and an error says in words what that is', (received, words) => {
    expect(() => lockKeyOf('lock', '', received as Resource)).toThrow(
      `resource: got ${words}; allowed: a text`,
    );
  });
});
