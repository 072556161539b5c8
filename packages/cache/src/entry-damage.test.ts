import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AT, HEAD_BYTES } from './entry.ts';
import { COMPRESSION_BITS, hasZstd } from './entry-compression.ts';
import { EntryFormat } from './entry-format.ts';
import type { FormatOptions } from './entry-options.ts';
import {
  encryption,
  everything,
  header,
  key,
  long,
  money,
  oddities,
  own,
  plain,
  token,
} from './samples.fixture.ts';

const AT_PAYLOAD = AT.key + Buffer.byteLength(key) + 2;

const algorithms = hasZstd() ? (['brotli', 'zstd'] as const) : (['brotli'] as const);
const formats: readonly FormatOptions[] = [
  { types: [money] },
  ...algorithms.map((algorithm) => ({ types: [money], compression: { algorithm, minBytes: 0 } })),
  { types: [money], encryption },
  { codec: 'json' },
  { codec: own },
  { codec: own, encryption },
  { types: [money], encryption, compression: { minBytes: 0 } },
];
const values = [everything, oddities, plain, long, null, 'Wien', [1, 2, 3], -0];
const plainValues = [plain, long, null, 'Wien', [1, 2, 3]];
const entries = formats.flatMap((options) =>
  (options.codec === undefined ? values : plainValues).map((value) => {
    const format = new EntryFormat(options);
    const isSealed = options.encryption !== undefined;
    return { format, value, isSealed, bytes: format.encode(token, key, value, header) };
  }),
);
const anyEntry = fc.constantFrom(...entries);
const anyOther = fc.constantFrom(...entries.map(({ bytes }) => bytes));

type Damage = (bytes: Buffer, other: Buffer) => Buffer;

const at = (part: number, bytes: Buffer) => Math.floor(part * bytes.length);
const part = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const anyDamage: fc.Arbitrary<Damage> = fc.oneof(
  fc.array(fc.nat(), { minLength: 1, maxLength: 6 }).map((bits) => (bytes: Buffer) => flipped(bytes, bits)),
  fc.array(fc.nat(), { minLength: 1, maxLength: 6 }).map(
    (bits) => (bytes: Buffer) =>
      // Behind the header, where most bits are looked at by nobody but the codec.
      flipped(
        bytes,
        bits.map((bit) => AT_PAYLOAD * 8 + (bit % ((bytes.length - AT_PAYLOAD) * 8))),
      ),
  ),
  part.map((cut) => (bytes: Buffer) => bytes.subarray(0, at(cut, bytes))),
  fc.uint8Array({ minLength: 1 }).map((more) => (bytes: Buffer) => Buffer.concat([bytes, more])),
  fc.tuple(part, part).map(([one, two]) => (bytes: Buffer) => {
    const [from, to] = [at(one, bytes), at(two, bytes)];
    return Buffer.concat([bytes.subarray(to), bytes.subarray(from, to), bytes.subarray(0, from)]);
  }),
  part.map(
    (cut) => (bytes: Buffer, other: Buffer) =>
      Buffer.concat([bytes.subarray(0, at(cut, bytes)), other.subarray(at(cut, other))]),
  ),
  fc.constant((bytes: Buffer, other: Buffer) =>
    Buffer.concat([bytes.subarray(0, AT_PAYLOAD), other.subarray(AT_PAYLOAD)]),
  ),
  fc
    .uint8Array({ maxLength: 200 })
    .map((random) => (bytes: Buffer) => Buffer.concat([bytes.subarray(0, AT_PAYLOAD), random])),
  fc.uint8Array({ maxLength: 200 }).map((random) => () => Buffer.from(random)),
);

/** An entry of a format that trusts the cluster, with such a payload. */
function withPayload(codec: number, payload: Uint8Array): Buffer {
  const bytes = new EntryFormat().encode(token, key, 'x', header);
  bytes[AT.codec] = codec;
  return Buffer.concat([bytes.subarray(0, AT_PAYLOAD), payload]);
}

describe('bytes that were damaged', () => {
  it('never throw and reach no prototype; encrypted ones give the value that was written, or none', () => {
    const before = prototypes();
    fc.assert(
      fc.property(anyEntry, anyOther, anyDamage, ({ format, value, isSealed, bytes }, other, damage) => {
        const found = format.decode(damage(bytes, other), key);
        if (found.kind === 'undecodable') return true;
        if (found.kind === 'lease') return found.head.length === HEAD_BYTES;
        if (!isSealed) return found.value !== undefined;
        // Another entry of the same key and keys is a good one, whoever put it there.
        return (
          entries.some((each) => isDeepStrictEqual(found.value, each.value)) ||
          isDeepStrictEqual(found.value, value)
        );
      }),
      { numRuns: 10_000 },
    );
    expect(prototypes()).toEqual(before);
  }, 60_000);

  it('cut off or followed by more they are no value', () => {
    for (const { format, bytes, isSealed } of entries) {
      for (let length = 0; length < bytes.length; length++) {
        expect(format.decode(bytes.subarray(0, length), key).kind).toBe('undecodable');
      }
      // Behind JSON, white space is nothing; behind what is compressed, zlib looks at nothing.
      const isCompressed = ((bytes[AT.flags] ?? 0) & COMPRESSION_BITS) !== 0;
      for (const more of isCompressed && !isSealed ? [] : [[0], [0xc0], [1, 2, 3]]) {
        expect(format.decode(Buffer.concat([bytes, Buffer.from(more)]), key).kind).toBe('undecodable');
      }
    }
  });

  it.each([
    ['an array of four billion', [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ['a map of four billion', [0xdf, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a text of four billion bytes', [0xdb, 0xff, 0xff, 0xff, 0xff, 0x61]],
    ['a buffer of four billion bytes', [0xc6, 0xff, 0xff, 0xff, 0xff]],
    ['ten million nested arrays', Buffer.alloc(10_000_000, 0x91)],
    ['arrays in arrays that each promise many', Buffer.alloc(100_000, Buffer.from([0xdc, 0xff, 0xff]))],
    ['a reference to itself', [0xd6, 0x69, 0, 0, 0, 1, 0x91, 0xd6, 0x70, 0, 0, 0, 1]],
    ['a type that nobody knows', [0xc7, 0x01, 0x5a, 0x00]],
    ['a typed array whose length does not fit', [0xc7, 0x04, 0x74, 0x06, 1, 2, 3]],
    ['a regular expression that is none', [0xd4, 0x78, 0, 0x92, 0xa1, 0x28, 0xa0]],
    ['texts that point behind the end', [0xd6, 0x62, 0x7f, 0xff, 0xff, 0xff, 0xc1, 0x05]],
    ['undefined', [0xd4, 0, 0]],
    ['a tag of a newer kind', [0x92, 0xc1, 0x1f], 2],
    ['a tag without what it tags', [0x92, 0xc1, 0x03], 2],
    ['fields that are none', [0x93, 0xc1, 0x02, 0x91, 0xc0], 2],
    ['a link that is none', [0x93, 0xc1, 0x05, 0xa1, 0x61], 2],
    ['a type that is not registered', [0x94, 0xc1, 0x06, 0xa1, 0x61, 0xc0], 2],
    ['JSON that is none', Buffer.from('{"a":'), 1],
    ['a million nested lists in JSON', Buffer.alloc(1_000_000, '['), 1],
  ] as const)('%s', (_, payload, codec: number = 0) => {
    const began = performance.now();
    const found = new EntryFormat().decode(withPayload(codec, Buffer.from(payload as Uint8Array)), key);
    expect(found).toMatchObject({ kind: 'undecodable', why: 'a payload that cannot be decoded' });
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('reach no prototype, however they name it', () => {
    // A record of one name, '__proto__', whose value is a record of one name, 'polluted'.
    const record = (id: number, name: string, value: Buffer) =>
      Buffer.concat([Buffer.from([0xd4, 0x72, id, 0x91, 0xa0 | name.length]), Buffer.from(name), value]);
    const inRecord = record(0x40, '__proto__', record(0x41, 'polluted', Buffer.from([0xc3])));
    const inFields = Buffer.concat([
      Buffer.from([0x93, 0xc1, 0x02, 0x91, 0x92, 0xa9]),
      Buffer.from('__proto__'),
      record(0x41, 'polluted', Buffer.from([0xc3])),
    ]);
    const inJson = Buffer.from('{"__proto__":{"polluted":true}}');
    for (const [codec, payload] of [
      [0, inRecord],
      [2, inRecord],
      [2, inFields],
      [1, inJson],
    ] as const) {
      const found = new EntryFormat().decode(withPayload(codec, payload), key);
      const { value } = found as { readonly value: object };
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.keys(value)).toHaveLength(1);
      expect('polluted' in value || 'polluted' in {}).toBe(false);
    }
  });

  it('are not read by the shapes of another payload', () => {
    const format = new EntryFormat();
    const found = format.decode(
      format.encode(token, key, [new Date(0), { name: 'Wien', population: 1 }], header),
      key,
    );
    expect(found.kind).toBe('value');
    // 0x40 stands for the first shape that this payload defines. It defines none.
    expect(format.decode(withPayload(0, Buffer.from([0x92, 0x40, 0x01])), key)).toMatchObject({
      value: [0x40, 1],
    });
  });

  it('and the next entry suffers nothing from it', () => {
    const format = new EntryFormat({ types: [money] });
    for (const value of [everything, oddities]) {
      const bytes = format.encode(token, key, value, header);
      for (let byte = AT_PAYLOAD; byte < bytes.length; byte++) {
        format.decode(flipped(bytes, [byte * 8]), key);
        expect(isDeepStrictEqual(format.decode(bytes, key), { ...format.decode(bytes, key), value })).toBe(
          true,
        );
      }
    }
  });
});

function flipped(bytes: Buffer, bits: readonly number[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const bit of new Set(bits.map((each) => each % (bytes.length * 8)))) {
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  }
  return copy;
}

function prototypes(): unknown {
  return [Object, Array, Map, Set, Date, Function].map((each) => Reflect.ownKeys(each.prototype as object));
}
