import { isDeepStrictEqual } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEEPEST } from './codec.ts';
import { EntryFormat } from './entry-format.ts';
import { afterRoundTrip, anyValue, nested } from './round-trip.fixture.ts';
import { header, key, Money, money, token } from './samples.fixture.ts';

const typedArrays = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  ...('Float16Array' in globalThis ? [globalThis.Float16Array as unknown as typeof Float32Array] : []),
];

describe('a value comes back as it was', () => {
  it.each([
    ['null', null],
    ['false', false],
    ['zero', 0],
    ['-0', -0],
    ['-0 far inside', { a: [new Map([['b', new Set([{ c: -0 }])]])] }],
    ['the empty text', ''],
    ['NaN', Number.NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
    ['the largest safe integer', Number.MAX_SAFE_INTEGER],
    ['the smallest number', Number.MIN_VALUE],
    ['a date', new Date(1_700_000_000_123)],
    ['a date before 1970', new Date(-1)],
    ['the last date', new Date(8.64e15)],
    ['an invalid date', new Date(Number.NaN)],
    [
      'a Map with keys that are no text',
      new Map<unknown, unknown>([
        [1, 'a'],
        [null, 'b'],
        [new Date(0), 'c'],
      ]),
    ],
    ['a Set', new Set([1, '1', null])],
    ['a BigInt of 64 bits', -(2n ** 63n)],
    ['a BigInt of 65 bits', -(2n ** 63n) - 1n],
    ['a BigInt of thousands of bits', -(2n ** 9_999n)],
    ['a BigInt of 80 000 bits', 2n ** 80_000n - 3n],
    ['a regular expression', /a+/giu],
    ['a link', new URL('http://localhost/a?b=c#d')],
    ['an error', new Error('no place')],
    ['an error with a cause', new TypeError('no place', { cause: new RangeError('x', { cause: -0 }) })],
    ['an ArrayBuffer', { a: Uint8Array.of(1, 2).buffer }],
    ['a DataView', { a: new DataView(Uint8Array.of(1, 2).buffer) }],
    [
      'an object whose names are those of methods',
      { constructor: 1, hasOwnProperty: 2, toString: 3, valueOf: 4, toJSON: 5, then: 6 },
    ],
    ['the same, beside a date', { constructor: 1, hasOwnProperty: 2, toJSON: 'x', at: new Date(0) }],
    ['a field named __proto__', JSON.parse('{"__proto__":{"a":1},"b":[{"__proto__":null}]}')],
    ['the same, beside a date', { at: new Date(0), in: JSON.parse('{"__proto__":{"a":1}}') as unknown }],
    ['half a surrogate pair', ['\ud800', { '\udc00a': 'b\ud8ff' }]],
    ['an undefined inside', { a: undefined, b: [undefined, 1] }],
    ['an object of many names', Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`n${i}`, i]))],
    [
      'many objects of different shapes',
      Array.from({ length: 300 }, (_, i) => ({ [`n${i}`]: i, [`m${i}`]: [] })),
    ],
    ['a long text', 'äöü€😀'.repeat(20_000)],
    [
      'a megabyte, nested',
      Array.from({ length: 9_000 }, (_, i) => ({
        id: i,
        at: new Date(i),
        tags: [`t${i}`],
        deep: { text: 'x'.repeat(80) },
      })),
    ],
    ['a list in a list in a list', nested(DEEPEST - 1)],
  ])('%s', (_, value) => {
    expect(afterRoundTrip(value)).toStrictEqual(value);
  });

  it.each(typedArrays.map((type) => [type.name, type] as const))('a %s, also a part of one', (_, Type) => {
    const whole = new Type(new ArrayBuffer(64));
    whole[3] = (typeof whole[0] === 'bigint' ? 7n : 7) as never;
    const part = whole.subarray(3, 5);
    for (const array of [whole, part]) {
      const back = afterRoundTrip({ array, minusZero: -0 }) as { array: unknown };
      expect(back.array).toBeInstanceOf(Type);
      expect(back).toStrictEqual({ array, minusZero: -0 });
      expect(afterRoundTrip(array)).toStrictEqual(array);
    }
  });

  it('a Buffer, as a Buffer that shares no memory with the bytes it was read from', () => {
    const format = new EntryFormat();
    const bytes = format.encode(
      token,
      key,
      { bytes: Buffer.from('abc'), floats: new Float32Array([1.5]) },
      header,
    );
    const found = format.decode(bytes, key) as { value: { bytes: Buffer; floats: Float32Array } };
    bytes.fill(0);
    expect(Buffer.isBuffer(found.value.bytes)).toBe(true);
    expect([found.value.bytes.toString(), found.value.floats]).toEqual(['abc', new Float32Array([1.5])]);
  });

  it('an instance of a registered class, wherever it is', () => {
    const value = [new Money(1), new Map([[new Money(2), { price: new Money(3) }]])];
    const back = afterRoundTrip(value, { types: [money] }) as typeof value;
    expect(back).toStrictEqual(value);
    expect((back[0] as Money).euros).toBe(0.01);
  });

  it('values of another realm, as values of this one', () => {
    const foreign: unknown = runInContext(
      '({ list: [1, new Date(5)], map: new Map([[1, new Set([2])]]), error: new TypeError("x") })',
      createContext(),
    );
    expect(afterRoundTrip(foreign)).toStrictEqual({
      list: [1, new Date(5)],
      map: new Map([[1, new Set([2])]]),
      error: new TypeError('x'),
    });
  });

  it('whatever it is', () => {
    const format = new EntryFormat({ types: [money] });
    fc.assert(
      fc.property(anyValue, (value) => {
        const found = format.decode(format.encode(token, key, value, header), key);
        // Stricter and faster than expect: -0 is not 0, and prototypes count.
        expect(found.kind === 'value' && isDeepStrictEqual(found.value, value)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});
