import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Unencodable } from './codec.ts';
import { decodeEntry, type EntryHeader, encodeEntry, HEAD_BYTES, isLeaseOf, leaseBytes } from './entry.ts';
import { newToken } from './token.ts';

const token = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
const key = 'shop:places:{place:42}:détail';
const header: EntryHeader = { writtenAt: 1_700_000_000_000, freshUntil: 1_700_000_300_000, loadMs: 12.6 };

/** What the golden value holds: one of everything. */
const everything = {
  none: null,
  texts: ['', 'Wien', 'ä€😀'],
  numbers: [0, 1.5, -40, 300, 70_000, 5e9, Number.NaN, Infinity],
  yes: true,
  founded: new Date(-2_840_140_800_000),
  names: new Map<unknown, unknown>([
    ['de', 'Wien'],
    [1, { en: 'Vienna' }],
  ]),
  districts: new Set([1, 2, 3]),
  bigs: [-1n, 2n ** 64n - 1n, -(2n ** 100n)],
  bytes: Buffer.from('cafe', 'hex'),
  heights: new Float32Array([171, 1.25]),
  rows: [
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
  ],
};

const AT_PAYLOAD = 41 + Buffer.byteLength(key) + 2;

/** Bytes that a release wrote once. They are never written again: what they hold has to stay readable. */
function golden(name: string): Buffer {
  return readFileSync(new URL(`../../../test/golden/${name}`, import.meta.url));
}

describe('version 1, as it was released', () => {
  it('a value is read', () => {
    const bytes = golden('entry-1-value.bin');
    expect(decodeEntry(bytes, key)).toEqual({
      kind: 'value',
      value: everything,
      freshUntil: header.freshUntil,
      bytes: bytes.length,
    });
  });

  it('a lease is read', () => {
    const bytes = golden('entry-1-lease.bin');
    expect(decodeEntry(bytes, key)).toEqual({ kind: 'lease', head: bytes });
    expect(isLeaseOf(token, bytes)).toBe(true);
  });

  it('a lease that somebody waits for is read as the lease that it is', () => {
    const bytes = golden('entry-1-lease-marked.bin');
    expect(decodeEntry(bytes, key)).toEqual({ kind: 'lease', head: golden('entry-1-lease.bin') });
    expect(isLeaseOf(token, bytes)).toBe(true);
    expect(isLeaseOf(newToken(), bytes)).toBe(false);
  });

  it('everything around the payload is still written as it was', () => {
    const bytes = encodeEntry(token, key, everything, header);
    const before = golden('entry-1-value.bin');
    expect(bytes.subarray(0, AT_PAYLOAD).toString('hex')).toBe(
      before.subarray(0, AT_PAYLOAD).toString('hex'),
    );
    expect(leaseBytes(token).toString('hex')).toBe(golden('entry-1-lease.bin').toString('hex'));
  });
});

describe('an entry', () => {
  it('has a head of kind and token, by which a script recognises it', () => {
    const bytes = encodeEntry(token, key, null, header);
    expect(bytes.subarray(0, HEAD_BYTES)).toEqual(Buffer.concat([Buffer.from('V'), token]));
    expect(leaseBytes(token)).toEqual(Buffer.concat([Buffer.from('L'), token]));
  });

  it('is a lease only of the token that it was taken with', () => {
    const lease = leaseBytes(token);
    expect(isLeaseOf(token, lease)).toBe(true);
    expect(isLeaseOf(newToken(), lease)).toBe(false);
    expect(isLeaseOf(token, Buffer.concat([lease, Buffer.from([0])]))).toBe(false);
    expect(isLeaseOf(token, encodeEntry(token, key, 1, header))).toBe(false);
  });

  it("is not read under another key, also when that one is as long or the other one's beginning", () => {
    const bytes = encodeEntry(token, key, 'secret', header);
    for (const other of [`${key}x`, key.slice(0, -1), key.replace('42', '43'), '']) {
      expect(decodeEntry(bytes, other)).toMatchObject({ kind: 'undecodable', why: "another key's entry" });
    }
  });

  it.each([
    ['a newer version', 17, 2, 'a format version that is not known'],
    ['a newer codec', 18, 1, 'a codec that is not known'],
    ['tags', AT_PAYLOAD - 1, 1, 'tags, which this version does not know'],
    ['a key that is longer than the bytes', 39, 0xff, 'cut off'],
  ])('with %s is not guessed at', (_, at, byte, why) => {
    const bytes = encodeEntry(token, key, 1, header);
    bytes[at] = byte;
    expect(decodeEntry(bytes, key)).toMatchObject({ kind: 'undecodable', why });
  });

  it('says of bytes that are none of ours how they begin, so that they can be removed as they were seen', () => {
    const long = Buffer.from('something that another program keeps here');
    expect(decodeEntry(long, key)).toMatchObject({ head: long.subarray(0, HEAD_BYTES) });
    expect(decodeEntry(Buffer.from('x'), key)).toMatchObject({ head: Buffer.from('x') });
    expect(decodeEntry(Buffer.alloc(0), key)).toMatchObject({ kind: 'undecodable', head: Buffer.alloc(0) });
  });

  it('refuses a key that its header has no room for', () => {
    expect(() => encodeEntry(token, 'k'.repeat(65_535), 1, header)).not.toThrow();
    expect(() => encodeEntry(token, 'k'.repeat(65_536), 1, header)).toThrow(Unencodable);
  });

  it('caps what a load may have taken', () => {
    const bytes = encodeEntry(token, key, 1, { ...header, loadMs: 1e12 });
    expect(bytes.readUInt32BE(35)).toBe(0xffff_ffff);
  });
});

describe('bytes that were damaged never throw', () => {
  const entries = [everything, null, 'Wien', [1, 2, 3], { a: { b: new Map([[1, new Set(['x'])]]) } }].map(
    (value) => ({
      value,
      bytes: encodeEntry(newToken(), key, value, header),
    }),
  );
  const anyEntry = fc.constantFrom(...entries);

  it('bits flipped before the payload give the same value or none', () => {
    const flips = fc.array(fc.nat(AT_PAYLOAD * 8 - 1), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anyEntry, flips, ({ value, bytes }, bits) => {
        const found = decodeEntry(flipped(bytes, bits), key);
        expect(found.kind === 'value' ? found.value : found.kind).toEqual(
          found.kind === 'value' ? value : 'undecodable',
        );
      }),
      { numRuns: 700 },
    );
  });

  it('bits flipped in the payload', () => {
    fc.assert(
      fc.property(anyEntry, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), ({ bytes }, anywhere) => {
        const bits = anywhere.map((bit) => AT_PAYLOAD * 8 + (bit % ((bytes.length - AT_PAYLOAD) * 8)));
        expect(['value', 'undecodable']).toContain(decodeEntry(flipped(bytes, bits), key).kind);
      }),
      { numRuns: 700 },
    );
  });

  it('cut off or followed by more they are no value', () => {
    fc.assert(
      fc.property(anyEntry, fc.nat(), fc.uint8Array({ minLength: 1 }), ({ bytes }, at, more) => {
        const cut = bytes.subarray(0, at % bytes.length);
        // What is left may be as long as a lease, but does not begin like one.
        expect(decodeEntry(cut, key).kind).toBe('undecodable');
        expect(decodeEntry(Buffer.concat([bytes, more]), key).kind).toBe('undecodable');
      }),
      { numRuns: 300 },
    );
  });

  it('random bytes, alone or after a good header', () => {
    const head = encodeEntry(token, key, null, header).subarray(0, AT_PAYLOAD);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (random) => {
        expect(decodeEntry(Buffer.from(random), key).kind).toBe('undecodable');
        decodeEntry(Buffer.concat([head, random]), key);
      }),
      { numRuns: 500 },
    );
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
  ])('%s', (_, payload) => {
    const head = encodeEntry(token, key, null, header).subarray(0, AT_PAYLOAD);
    const began = performance.now();
    expect(decodeEntry(Buffer.concat([head, Buffer.from(payload)]), key).kind).toBe('undecodable');
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('and the next entry suffers nothing from it', () => {
    const bytes = encodeEntry(token, key, everything, header);
    for (let at = AT_PAYLOAD; at < bytes.length; at++) {
      decodeEntry(flipped(bytes, [at * 8]), key);
      expect(decodeEntry(bytes, key)).toMatchObject({ kind: 'value', value: everything });
    }
  });
});

function flipped(bytes: Buffer, bits: readonly number[]): Buffer {
  const copy = Buffer.from(bytes);
  for (const bit of new Set(bits)) copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
