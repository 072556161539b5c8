import { describe, expect, it } from 'vitest';
import { Unencodable } from './codec.ts';
import { AT, HEAD_BYTES, isLeaseOf, leaseBytes } from './entry.ts';
import { EntryFormat } from './entry-format.ts';
import { changed, golden, whyOf } from './golden.fixture.ts';
import { everything, GOLDEN, header, key, money, oddities, own, plain, token } from './samples.fixture.ts';
import { newToken } from './token.ts';

const format = new EntryFormat();
const AT_PAYLOAD = AT.key + Buffer.byteLength(key) + 2;

describe('version 1, as it was released', () => {
  it('a value is read', () => {
    const bytes = golden('entry-1-value.bin');
    expect(format.decode(bytes, key)).toStrictEqual({
      kind: 'value',
      value: everything,
      head: bytes.subarray(0, HEAD_BYTES),
      writtenAt: header.writtenAt,
      freshUntil: header.freshUntil,
      staleUntil: header.freshUntil,
      loadMs: 13,
      bytes: bytes.length,
    });
  });

  it('a value is a miss for whoever wants a version of its form', () => {
    expect(whyOf(format.decode(golden('entry-1-value.bin'), key, { version: 1 }))).toBe(
      'another schema version',
    );
  });

  it('a lease is read, and written as it was', () => {
    const bytes = golden('entry-1-lease.bin');
    expect(format.decode(bytes, key)).toEqual({ kind: 'lease', head: bytes });
    expect(isLeaseOf(token, bytes)).toBe(true);
    expect(leaseBytes(token)).toEqual(bytes);
  });

  it.each([
    ['another codec', AT.codec, 1, 'a codec that is not known'],
    ['tags', 41 + Buffer.byteLength(key) + 1, 1, 'tags in a version without them'],
    ['a key that is longer than the bytes', 39, 0xff, 'cut off'],
    ['another key', 41, 0x53, "another key's entry"],
  ])('with %s it is not guessed at', (_, at, byte, why) => {
    expect(whyOf(format.decode(changed(golden('entry-1-value.bin'), at, byte), key))).toBe(why);
  });
});

describe('version 2, as it was released', () => {
  it.each(GOLDEN)('$file is read', ({ file, options, value }) => {
    const bytes = golden(file);
    const found = new EntryFormat(options).decode(bytes, key);
    expect(found).toStrictEqual({
      kind: 'value',
      value,
      head: bytes.subarray(0, HEAD_BYTES),
      writtenAt: header.writtenAt,
      freshUntil: header.freshUntil,
      staleUntil: header.staleUntil,
      loadMs: 13,
      bytes: bytes.length,
    });
  });

  // What compresses may find a better way one day, and encryption never gives the same bytes twice.
  const exact = GOLDEN.filter(({ options, after }) => !(options.compression || options.encryption || after));
  it.each(exact)('$file is still written as it was', ({ file, options, value }) => {
    const bytes = new EntryFormat(options).encode(token, key, value, header);
    expect(bytes.toString('hex')).toBe(golden(file).toString('hex'));
  });

  it('a lease that somebody waits for is read as the lease that it is', () => {
    const bytes = golden('entry-1-lease-marked.bin');
    expect(format.decode(bytes, key)).toEqual({ kind: 'lease', head: golden('entry-1-lease.bin') });
    expect(isLeaseOf(token, bytes)).toBe(true);
    expect(isLeaseOf(newToken(), bytes)).toBe(false);
  });
});

describe('an entry', () => {
  const bytes = format.encode(token, key, plain, header);

  it('has a head of kind and token, by which a script recognises it', () => {
    expect(bytes.subarray(0, HEAD_BYTES)).toEqual(Buffer.concat([Buffer.from('V'), token]));
    expect(leaseBytes(token)).toEqual(Buffer.concat([Buffer.from('L'), token]));
  });

  it('is a lease only of the token that it was taken with', () => {
    const lease = leaseBytes(token);
    expect(isLeaseOf(token, lease)).toBe(true);
    expect(isLeaseOf(newToken(), lease)).toBe(false);
    expect(isLeaseOf(token, Buffer.concat([lease, Buffer.from([0])]))).toBe(false);
    expect(isLeaseOf(token, bytes)).toBe(false);
  });

  it("is not read under another key, also when that one is as long or the other one's beginning", () => {
    for (const other of [`${key}x`, key.slice(0, -1), key.replace('42', '43'), '']) {
      expect(whyOf(format.decode(bytes, other))).toBe("another key's entry");
    }
    // As many bytes as the key has characters, and the same characters in Latin-1.
    const latin = changed(format.encode(token, 'cafe', 1, header), AT.key + 3, 0xe9);
    expect(whyOf(format.decode(latin, 'café'))).toBe("another key's entry");
  });

  it.each([
    ['a newer version', AT.version, 3, 'a format version that is not known'],
    ['a newer codec', AT.codec, 3, 'a codec that is not known'],
    ['a named codec', AT.codec, 255, 'a codec that is not known'],
    ['a newer flag', AT.flags, 8, 'a flag that is not known'],
    ['a newer compression', AT.flags, 3, 'a payload that cannot be decompressed'],
    ['a key that is longer than the bytes', AT.keyLength, 0xff, 'cut off'],
    ['more tags than bytes', AT_PAYLOAD - 1, 200, 'cut off'],
    ['another schema version', AT.schema + 3, 1, 'another schema version'],
    ['an encryption that nobody asked for', AT.flags, 4, 'encrypted, and this cache has no keys'],
  ])('with %s is not guessed at', (_, at, byte, why) => {
    expect(whyOf(format.decode(changed(bytes, at, byte), key))).toBe(why);
  });

  it('without a time is none', () => {
    const copy = Buffer.from(bytes);
    copy.writeDoubleBE(Number.NaN, AT.staleUntil);
    expect(whyOf(format.decode(copy, key))).toBe('times that are none');
  });

  it('says of bytes that are none of ours how they begin, so that they can be removed as they were seen', () => {
    const other = Buffer.from('something that another program keeps here');
    expect(format.decode(other, key)).toMatchObject({ head: other.subarray(0, HEAD_BYTES) });
    expect(format.decode(Buffer.from('x'), key)).toMatchObject({ head: Buffer.from('x') });
    expect(format.decode(Buffer.alloc(0), key)).toMatchObject({ kind: 'undecodable', head: Buffer.alloc(0) });
  });

  it('gives a head that does not keep the whole entry in memory', () => {
    const lent = Buffer.from(bytes);
    const { head } = format.decode(lent, key) as { readonly head: Buffer };
    lent.fill(0);
    expect(head).toEqual(bytes.subarray(0, HEAD_BYTES));
  });

  it('refuses a key that its header has no room for', () => {
    expect(() => format.encode(token, 'k'.repeat(65_535), 1, header)).not.toThrow();
    expect(() => format.encode(token, 'k'.repeat(65_536), 1, header)).toThrow(Unencodable);
  });

  it('caps what a load may have taken', () => {
    const slow = format.encode(token, key, 1, { ...header, loadMs: 1e12 });
    expect(format.decode(slow, key)).toMatchObject({ loadMs: 0xffff_ffff });
  });

  it('is fresh as long as it may be stale, unless told otherwise', () => {
    const { staleUntil: _, ...without } = header;
    expect(format.decode(format.encode(token, key, 1, without), key)).toMatchObject({
      staleUntil: header.freshUntil,
    });
  });
});

describe('codecs', () => {
  it('read what they and the built-in ones wrote, and nothing else', () => {
    const formats = {
      msgpack: new EntryFormat(),
      json: new EntryFormat({ codec: 'json' }),
      own: new EntryFormat({ codec: own }),
      other: new EntryFormat({ codec: { ...own, name: 'reversed.2' } }),
    };
    const read = (by: EntryFormat, writer: EntryFormat) =>
      whyOf(by.decode(writer.encode(token, key, plain, header), key));
    expect(read(formats.json, formats.msgpack)).toBe('value');
    expect(read(formats.msgpack, formats.json)).toBe('value');
    expect(read(formats.own, formats.msgpack)).toBe('value');
    expect(read(formats.own, formats.own)).toBe('value');
    expect(read(formats.msgpack, formats.own)).toBe('a codec that is not known');
    expect(read(formats.other, formats.own)).toBe('a codec that is not known');
  });

  it('of a user are refused a value when they throw or give no bytes, and miss one when they cannot read', () => {
    const failing = new EntryFormat({
      codec: {
        ...own,
        encode: () => {
          throw new Error('secret');
        },
      },
    });
    expect(() => failing.encode(token, key, 1, header)).toThrow(/^the codec reversed.1 refuses it$/);
    const wrong = new EntryFormat({ codec: { ...own, encode: () => 'text' as never } });
    expect(() => wrong.encode(token, key, 1, header)).toThrow('gave no Uint8Array');
    for (const decode of [
      () => undefined,
      () => {
        throw new Error('secret');
      },
    ]) {
      const bytes = new EntryFormat({ codec: own }).encode(token, key, 1, header);
      const reader = new EntryFormat({ codec: { ...own, decode } });
      expect(whyOf(reader.decode(bytes, key))).toBe('a payload that cannot be decoded');
    }
  });

  it('of a user may need no bytes at all', () => {
    const empty = new EntryFormat({ codec: { name: 'one', encode: () => Buffer.alloc(0), decode: () => 1 } });
    expect(empty.decode(empty.encode(token, key, 1, header), key)).toMatchObject({ value: 1 });
  });

  it('miss an instance of a class that the reader does not know, or whose fromPlain throws', () => {
    const bytes = new EntryFormat({ types: [money] }).encode(token, key, oddities, header);
    const broken = {
      ...money,
      fromPlain: () => {
        throw new Error('secret');
      },
    };
    for (const reader of [format, new EntryFormat({ types: [broken] })]) {
      expect(whyOf(reader.decode(bytes, key))).toBe('a payload that cannot be decoded');
    }
  });
});
