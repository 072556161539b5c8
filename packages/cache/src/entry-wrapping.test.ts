import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { TooLarge } from './codec.ts';
import { AT } from './entry.ts';
import { hasZstd } from './entry-compression.ts';
import { EntryFormat } from './entry-format.ts';
import { changed, golden, whyOf } from './golden.fixture.ts';
import { encryption, header, key, long, token } from './samples.fixture.ts';

const format = new EntryFormat();

describe('the largest size', () => {
  const small = new EntryFormat({ maxEntryBytes: 1_000, compression: { minBytes: 0 } });

  it('is counted before compression', () => {
    expect(() => small.encode(token, key, 'a'.repeat(997), header)).not.toThrow();
    expect(() => small.encode(token, key, 'a'.repeat(998), header)).toThrow(TooLarge);
  });

  it('also stops what would be endless, before it is written', () => {
    let shared: unknown = {};
    for (let i = 0; i < 60; i++) shared = [shared, shared];
    for (const value of [new Array(2 ** 32 - 1), shared, [shared, -0], [-0, new Array(2 ** 32 - 1)]]) {
      expect(() => small.encode(token, key, value, header)).toThrow(TooLarge);
      expect(() =>
        new EntryFormat({ codec: 'json', maxEntryBytes: 1_000 }).encode(token, key, value, header),
      ).toThrow(/too large|JSON/);
    }
  });

  it('bounds what compressed bytes can become', () => {
    const bytes = new EntryFormat({ compression: {} }).encode(token, key, 'a'.repeat(8_000_000), header);
    expect(bytes.length).toBeLessThan(10_000);
    expect(whyOf(small.decode(bytes, key))).toBe('a payload that cannot be decompressed');
  });
});

describe('compression', () => {
  it.each(['brotli', ...(hasZstd() ? ['zstd' as const] : [])] as const)(
    '%s is read by every cache, and kept only where it pays',
    (algorithm) => {
      const writer = new EntryFormat({ compression: { algorithm } });
      const bytes = writer.encode(token, key, long, header);
      expect(bytes.length).toBeLessThan(300);
      expect(format.decode(bytes, key)).toMatchObject({ kind: 'value', value: long });

      const random = { bytes: randomBytes(6_400) };
      const plainly = writer.encode(token, key, random, header);
      expect(plainly[AT.flags]).toBe(0);
      expect(writer.encode(token, key, { text: 'a'.repeat(4_000) }, header)[AT.flags]).toBe(0);
    },
  );
});

describe('encryption', () => {
  const writer = new EntryFormat({ encryption });
  const bytes = writer.encode(token, key, { secret: 'Donauinsel' }, header);

  it('hides the value, and never in the same way twice', () => {
    expect(bytes.includes('Donauinsel')).toBe(false);
    expect(writer.encode(token, key, { secret: 'Donauinsel' }, header).equals(bytes)).toBe(false);
    expect(writer.decode(bytes, key)).toMatchObject({ value: { secret: 'Donauinsel' } });
  });

  it('lets keys be changed while old entries are there', () => {
    const next = { id: '2027', key: Buffer.alloc(32, 1) };
    const rotated = new EntryFormat({ encryption: { keys: [next, encryption.keys[0]] } });
    expect(whyOf(rotated.decode(bytes, key))).toBe('value');
    const newer = rotated.encode(token, key, 1, header);
    expect(whyOf(new EntryFormat({ encryption: { keys: [next] } }).decode(newer, key))).toBe('value');
    expect(whyOf(writer.decode(newer, key))).toBe('changed, or encrypted with a key that is not known');
    expect(whyOf(format.decode(newer, key))).toBe('encrypted, and this cache has no keys');
  });

  it('refuses what was moved, changed or never encrypted', () => {
    const other = key.replace('42', '43');
    const moved = Buffer.from(bytes);
    moved.write(other, AT.key, 'utf8');
    expect(whyOf(writer.decode(moved, other))).toBe('changed, or encrypted with a key that is not known');
    expect(whyOf(writer.decode(format.encode(token, key, 1, header), key))).toBe('not encrypted');
    expect(whyOf(writer.decode(golden('entry-1-value.bin'), key))).toBe('not encrypted');
    for (let at = AT.version; at < bytes.length; at++) {
      const isTime = at >= AT.writtenAt && at < AT.schema;
      const found = writer.decode(changed(bytes, at, (bytes[at] ?? 0) ^ 1), key);
      expect(found.kind).toBe(isTime ? 'value' : 'undecodable');
    }
  });
});
