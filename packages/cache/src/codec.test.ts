import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePayload, encodePayload, Unencodable } from './codec.ts';

/** A value as another process would get it. The payload lies somewhere in other bytes, as it does in an entry. */
function afterRoundTrip(value: unknown): unknown {
  const payload = encodePayload(value);
  return decodePayload(Buffer.concat([Buffer.from('head'), payload]), 4);
}

function whyNot(value: unknown): string {
  try {
    encodePayload(value);
  } catch (error) {
    if (error instanceof Unencodable) return error.message;
    throw error;
  }
  return 'it was encoded';
}

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
];

const anyNumber = fc.double().map((number) => (Object.is(number, -0) ? 0 : number));
const anyText = fc.string({ unit: 'grapheme' });
const anyBigInt = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.bigInt({ min: -(2n ** 80_000n), max: 2n ** 80_000n }),
);
const anyBytes = fc.uint8Array().map((bytes) => Buffer.from(bytes));

const { anyValue } = fc.letrec<{ anyValue: unknown }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, '', Number.NaN, Infinity, -Infinity),
    fc.integer(),
    anyNumber,
    anyText,
    anyBigInt,
    fc.date(),
    anyBytes,
    fc.int16Array(),
    fc.float64Array(),
    fc.array(tie('anyValue')),
    fc.dictionary(
      anyText.filter((name) => name !== '__proto__'),
      tie('anyValue'),
      { noNullPrototype: true },
    ),
    fc.array(fc.tuple(tie('anyValue'), tie('anyValue'))).map((pairs) => new Map(pairs)),
    fc.array(tie('anyValue')).map((values) => new Set(values)),
  ),
}));

describe('a value comes back as it was', () => {
  it.each([
    ['null', null],
    ['false', false],
    ['zero', 0],
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
    ['a regular expression', /a+/giu],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    [
      'an object whose names are those of methods',
      { constructor: 1, hasOwnProperty: 2, toString: 3, valueOf: 4 },
    ],
    ['an undefined inside', { a: undefined, b: [undefined, 1] }],
    ['an object of many names', Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`n${i}`, i]))],
    [
      'many objects of different shapes',
      Array.from({ length: 300 }, (_, i) => ({ [`n${i}`]: i, [`m${i}`]: [] })),
    ],
    ['a long text', 'äöü€😀'.repeat(20_000)],
  ])('%s', (_, value) => {
    expect(afterRoundTrip(value)).toEqual(value);
  });

  it.each(typedArrays.map((type) => [type.name, type] as const))('a %s, also a part of one', (_, Type) => {
    const whole = new Type(new ArrayBuffer(64));
    whole[3] = (typeof whole[0] === 'bigint' ? 7n : 7) as never;
    const part = whole.subarray(3, 5);
    for (const array of [whole, part]) {
      const back = afterRoundTrip(array);
      expect(back).toBeInstanceOf(Type);
      expect(back).toEqual(array);
    }
  });

  it('a Buffer, as a Buffer that shares no memory with the bytes it was read from', () => {
    const payload = Buffer.from(
      encodePayload({ bytes: Buffer.from('abc'), floats: new Float32Array([1.5]) }),
    );
    const value = decodePayload(payload, 0) as { bytes: Buffer; floats: Float32Array };
    payload.fill(0);
    expect(Buffer.isBuffer(value.bytes)).toBe(true);
    expect([value.bytes.toString(), value.floats]).toEqual(['abc', new Float32Array([1.5])]);
  });

  it('whatever it is', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(afterRoundTrip(value)).toEqual(value);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('what has no bytes is refused', () => {
  const own: Record<string, unknown> = {};
  own['self'] = { own };
  const list: unknown[] = [];
  list.push([list]);
  const map = new Map<string, unknown>();
  map.set('self', map);
  const set = new Set<unknown>();
  set.add([set]);

  it.each([
    ['undefined', undefined, 'it is undefined'],
    ['a function', () => 1, 'it holds a function'],
    ['a class', Date, 'it holds a function'],
    ['a method', { a: [{ b() {} }] }, 'it holds a function'],
    ['a function in a Map', new Map([['a', new Set([() => 1])]]), 'it holds a function'],
    ['a function as a key', new Map([[() => 1, 'a']]), 'it holds a function'],
    ['a symbol', Symbol('secret'), 'it holds a symbol'],
    ['a symbol inside', { a: [Symbol('secret')] }, 'it holds a symbol'],
    ['an object that holds itself', own, 'it holds itself, or is nested too deep'],
    ['an array that holds itself', list, 'it holds itself, or is nested too deep'],
    ['a Map that holds itself', map, 'it holds itself, or is nested too deep'],
    ['a Set that holds itself', set, 'it holds itself, or is nested too deep'],
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
        fc.constantFrom<unknown>(own, map, Symbol('x'), () => 1),
        (value, refused) => {
          const before = afterRoundTrip({ value });
          expect(() => encodePayload({ value, refused })).toThrow(Unencodable);
          expect(afterRoundTrip({ value })).toEqual(before);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the known limits', () => {
  class Place {
    readonly name = 'Wien';
    readonly #secret = 1;
    get secret(): number {
      return this.#secret;
    }
  }
  const shared = { a: 1 };

  it.each([
    ['-0 becomes 0', -0, 0],
    ['a class instance becomes a plain object of its own fields', new Place(), { name: 'Wien' }],
    ['a URL becomes its text', new URL('http://localhost/a'), 'http://localhost/a'],
    ['a field under a symbol is left out', { [Symbol('a')]: 1, b: 2 }, { b: 2 }],
    ['a hole in an array becomes undefined', [1, , 3], [1, undefined, 3]], // eslint-disable-line no-sparse-arrays
    ['a lone surrogate becomes U+FFFD three times, as WTF-8 is no UTF-8', '\ud800', '\ufffd\ufffd\ufffd'],
    ['the name __proto__ becomes __proto_', JSON.parse('{"__proto__":1}'), { __proto_: 1 }],
    ['a promise becomes an empty object', { place: Promise.resolve(1) }, { place: {} }],
  ])('%s', (_, value, stored) => {
    expect(afterRoundTrip(value)).toStrictEqual(stored);
  });

  it('an object that is there twice becomes two', () => {
    const [one, two] = afterRoundTrip([shared, shared]) as [object, object];
    expect(one).toEqual(two);
    expect(one).not.toBe(two);
  });
});

describe('payloads that others wrote', () => {
  it('do not reach a prototype', () => {
    // A record of one name, '__proto__', whose value is a record of one name, 'polluted'.
    const record = (id: number, name: string, value: Buffer) =>
      Buffer.concat([Buffer.from([0xd4, 0x72, id, 0x91, 0xa0 | name.length]), Buffer.from(name), value]);
    const hostile = record(0x40, '__proto__', record(0x41, 'polluted', Buffer.from([0xc3])));

    const value = decodePayload(hostile, 0) as object;
    expect(value).toEqual({ __proto_: { polluted: true } });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });

  it('are not read by the shapes of another payload', () => {
    const first = encodePayload([{ name: 'Wien', population: 1 }]);
    decodePayload(Buffer.from(first), 0);
    // 0x40 stands for the first shape that this payload defines. It defines none.
    expect(decodePayload(Buffer.from([0x92, 0x40, 0x01]), 0)).toEqual([0x40, 1]);
  });
});
