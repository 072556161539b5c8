import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEEPEST, Unencodable } from './codec.ts';
import { toJson } from './codec-json.ts';
import { AT } from './entry.ts';
import { EntryFormat } from './entry-format.ts';
import { afterRoundTrip, anyValue, nested, whyNot } from './round-trip.fixture.ts';
import { header, key, Money, money, token } from './samples.fixture.ts';

describe('what has no bytes is refused', () => {
  const ownself: Record<string, unknown> = {};
  ownself['self'] = { own: ownself };
  const list: unknown[] = [];
  list.push([list]);
  const map = new Map<string, unknown>();
  map.set('self', map);
  const set = new Set<unknown>();
  set.add([set]);
  const tooDeep = 'it holds itself, or is nested more than 1000 deep';
  const unregistered = (name: string) =>
    `it holds an instance of ${name}, which is not among the registered types`;

  it.each([
    ['undefined', undefined, 'it is undefined'],
    ['a function', () => 1, 'it holds a function'],
    ['a class', Date, 'it holds a function'],
    ['a method', { a: [{ b() {} }] }, 'it holds a function'],
    ['a function in a Map', new Map([['a', new Set([() => 1])]]), 'it holds a function'],
    ['a function as a key', new Map([[() => 1, 'a']]), 'it holds a function'],
    ['a symbol', Symbol('secret'), 'it holds a symbol'],
    ['a symbol inside', { a: [Symbol('secret')] }, 'it holds a symbol'],
    ['an object that holds itself', ownself, tooDeep],
    ['an array that holds itself', list, tooDeep],
    ['a Map that holds itself', map, tooDeep],
    ['a Set that holds itself', set, tooDeep],
    ['what is too deep', nested(DEEPEST + 1), tooDeep],
    ['an instance', { price: new Money(1) }, unregistered('Money')],
    ['an instance of a subclass', new (class Cents extends Map {})(), unregistered('Cents')],
    ['an error of a class of its own', new (class Lost extends Error {})(), unregistered('Lost')],
    ['a boxed text', new String('a'), unregistered('String')],
    ['a promise', { place: Promise.resolve(1) }, 'it holds a promise that nobody awaited'],
  ])('%s', (_, value, why) => {
    expect(whyNot(value)).toBe(why);
  });

  it('a property that throws, without a word of what it said', () => {
    const value = {
      get name() {
        throw new Error('secret');
      },
    };
    expect(whyNot(value)).toBe('it holds what cannot be read');
  });

  it('and the next value suffers nothing from it', () => {
    fc.assert(
      fc.property(
        anyValue,
        fc.constantFrom<unknown>(ownself, map, Symbol('x'), () => 1),
        (value, refused) => {
          const options = { types: [money] };
          expect(() => afterRoundTrip({ value, refused }, options)).toThrow(Unencodable);
          expect(isDeepStrictEqual(afterRoundTrip({ value }, options), { value })).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('the known limits', () => {
  const hidden = () => Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'changed' });
  class Place {
    readonly name = 'Wien';
    readonly #secret = 1;
    get secret(): number {
      return this.#secret;
    }
  }
  const shared = { a: 1 };

  it.each([
    ['a field under a symbol is left out', { [Symbol('a')]: 1, b: 2 }, { b: 2 }],
    ['a method that no field shows is left out', [hidden()], [{ a: 1 }]],
    ['a hole in an array becomes undefined', [1, , 3], [1, undefined, 3]], // eslint-disable-line no-sparse-arrays
    [
      'an object without a prototype gets one',
      Object.assign(Object.create(null) as object, { a: 1 }),
      { a: 1 },
    ],
    [
      'a getter becomes its value',
      {
        get a() {
          return 1;
        },
      },
      { a: 1 },
    ],
  ])('%s', (_, value, stored) => {
    expect(afterRoundTrip(value)).toStrictEqual(stored);
  });

  it.each([
    ['its own fields', new Place(), { name: 'Wien' }],
    [
      'what its toJSON answers',
      {
        at: new (class At {
          toJSON() {
            return { ms: -0 };
          }
        })(),
      },
      { at: { ms: -0 } },
    ],
  ])("with instances: 'plain' an instance becomes %s", (_, value, stored) => {
    expect(afterRoundTrip(value, { instances: 'plain' })).toStrictEqual(stored);
    expect(whyNot({ a: Promise.resolve(1) }, { instances: 'plain' })).toContain('a promise');
  });

  it('an object that is there twice becomes two', () => {
    const [one, two] = afterRoundTrip([shared, shared]) as [object, object];
    expect(one).toEqual(two);
    expect(one).not.toBe(two);
  });
});

describe('the codec json', () => {
  it.each([
    ['a date', new Date(0), 'an object of Date'],
    ['a Map inside', [{ a: new Map() }], 'an object of Map'],
    ['NaN', [Number.NaN], 'NaN'],
    ['-0', { a: -0 }, '-0'],
    ['a BigInt', 1n, 'bigint'],
    ['undefined in a list', [undefined], 'undefined'],
    ['a function', { a() {} }, 'function'],
    ['an instance', new Money(1), 'an object of Money'],
    ['what answers for itself', Object.assign([1], { toJSON: () => 2 }), 'an object of Array'],
  ])('refuses %s rather than change it', (_, value, what) => {
    expect(whyNot(value, { codec: 'json' })).toBe(`it holds ${what}, which JSON has no form for`);
  });

  it('leaves out what is undefined, and writes what any program reads', () => {
    const value = { a: 1, b: undefined, c: [null, 'ä'] };
    expect(toJson(value, 100)).toBe('{"a":1,"c":[null,"ä"]}');
    const bytes = new EntryFormat({ codec: 'json' }).encode(token, key, value, header);
    expect(bytes.subarray(AT.key + Buffer.byteLength(key) + 2).toString()).toBe(toJson(value, 100));
  });
});
