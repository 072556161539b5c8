import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { InvalidOptionError } from '@keyslot/kernel';
import { describe, expect, it } from 'vitest';
import { EntryFormat } from './entry-format.ts';
import { formatSettingsOf } from './entry-options.ts';
import { header, key, Money, money, own, token } from './samples.fixture.ts';

const good = Buffer.alloc(32, 7);
const noFunction = 1 as never;

describe('the options of the format', () => {
  it('have these defaults', () => {
    expect(formatSettingsOf({})).toEqual({
      codec: 'msgpack',
      types: [],
      instances: 'refuse',
      compression: undefined,
      encryption: undefined,
      maxEntryBytes: 8 * 1024 * 1024,
    });
    expect(formatSettingsOf({ compression: {} }).compression).toMatchObject({ minBytes: 4_096 });
  });

  it.each([
    ['codec', { codec: 'xml' as never }],
    ['codec.name', { codec: { ...own, name: 'json' } }],
    ['codec.name', { codec: { ...own, name: 'a b' } }],
    ['codec.encode', { codec: { ...own, encode: noFunction } }],
    ['codec.decode', { codec: { ...own, decode: noFunction } }],
    ['types', { types: {} as never }],
    ['types', { types: [money], codec: 'json' as const }],
    ['types[0]', { types: [null as never] }],
    ['types[0].name', { types: [{ ...money, name: '' }] }],
    ['types[1].name', { types: [money, { ...money, class: Error }] }],
    ['types[1].class', { types: [money, { ...money, name: 'other' }] }],
    ['types[0].class', { types: [{ ...money, class: Date as never }] }],
    ['types[0].class', { types: [{ ...money, class: Object as never }] }],
    ['types[0].class', { types: [{ ...money, class: (() => 1) as never }] }],
    ['types[0].toPlain', { types: [{ ...money, toPlain: noFunction }] }],
    ['types[0].fromPlain', { types: [{ ...money, fromPlain: noFunction }] }],
    ['instances', { instances: 'keep' as never }],
    ['compression', { compression: true as never }],
    ['compression.algorithm', { compression: { algorithm: 'gzip' as never } }],
    ['compression.minBytes', { compression: { minBytes: -1 } }],
    ['encryption.keys', { encryption: null as never }],
    ['encryption.keys', { encryption: { keys: [] as never } }],
    ['encryption.keys[0].id', { encryption: { keys: [{ id: '', key: good }] } }],
    [
      'encryption.keys[1].id',
      {
        encryption: {
          keys: [
            { id: 'a', key: good },
            { id: 'a', key: good },
          ],
        },
      },
    ],
    ['encryption.keys[0].key', { encryption: { keys: [{ id: 'a', key: good.subarray(1) }] } }],
    [
      'encryption.keys[0].key',
      { encryption: { keys: [{ id: 'a', key: createSecretKey(good.subarray(1)) }] } },
    ],
    [
      'encryption.keys[0].key',
      { encryption: { keys: [{ id: 'a', key: generateKeyPairSync('ed25519').privateKey }] } },
    ],
    ['maxEntryBytes', { maxEntryBytes: 0 }],
    ['maxEntryBytes', { maxEntryBytes: 2 ** 30 }],
  ] as const)('%s is refused when it cannot be used', (option, options) => {
    expect(() => formatSettingsOf(options)).toThrow(InvalidOptionError);
    expect(() => formatSettingsOf(options)).toThrow(expect.objectContaining({ option }));
  });

  it('never show a key that is refused', () => {
    const options = { encryption: { keys: [{ id: 'a', key: 'most of a secret' as never }] as const } };
    expect(() => formatSettingsOf(options)).toThrow(/^((?!secret').)*$/);
  });

  it('take keys as bytes, which may be wiped then, or as a KeyObject', () => {
    const bytes = Buffer.from(good);
    const format = new EntryFormat({ encryption: { keys: [{ id: 'a', key: bytes }] } });
    bytes.fill(0);
    const other = new EntryFormat({ encryption: { keys: [{ id: 'a', key: createSecretKey(good) }] } });
    const written = format.encode(token, key, 1, header);
    expect(other.decode(written, key)).toMatchObject({ kind: 'value', value: 1 });
  });

  it('take the types as they are now', () => {
    const types = [money];
    const format = new EntryFormat({ types });
    types.length = 0;
    expect(() => format.encode(token, key, new Money(1), header)).not.toThrow();
  });
});
