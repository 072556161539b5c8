import type { Codec } from './codec.ts';
import type { ValueType } from './codec-tagged.ts';
import { AT, type EntryHeader } from './entry.ts';
import type { EncryptionOptions } from './entry-encryption.ts';
import type { FormatOptions } from './entry-options.ts';

export const token = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
export const key = 'shop:places:{place:42}:détail';
export const header: EntryHeader = {
  writtenAt: 1_700_000_000_000,
  freshUntil: 1_700_000_300_000,
  staleUntil: 1_700_003_900_000,
  loadMs: 12.6,
};

export class Money {
  readonly cents: number;

  constructor(cents: number) {
    this.cents = cents;
  }

  get euros(): number {
    return this.cents / 100;
  }
}

export const money: ValueType<Money, number> = {
  name: 'money',
  class: Money,
  toPlain: ({ cents }) => cents,
  fromPlain: (cents) => new Money(cents),
};

/** A codec of a user's own: reversed JSON, so that no built-in one reads it. */
export const own: Codec = {
  name: 'reversed.1',
  encode: (value) => Buffer.from(JSON.stringify(value)).reverse(),
  decode: (bytes): unknown => JSON.parse(Buffer.from(bytes).reverse().toString()),
};

export const encryption: EncryptionOptions = { keys: [{ id: '2026', key: Buffer.alloc(32, 0xa5) }] };

/** One of everything that MessagePack holds by itself. */
export const everything = {
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

/** One of everything that has to be taken apart. */
export const oddities = {
  minusZero: [-0],
  half: 'a\ud800b',
  fields: JSON.parse('{"__proto__":{"polluted":true},"a":1}') as unknown,
  error: new TypeError('no place', { cause: new RangeError('too far') }),
  link: new URL('http://localhost/a?b=c'),
  prices: new Map([['coffee', new Money(420)]]),
};

export const plain = {
  id: 42,
  name: 'Wien',
  country: { code: 'at' },
  capital: true,
  districts: [1, 2],
  mayor: null,
};
export const long = { text: 'Donaudampfschifffahrt '.repeat(300) };

/** What a later release may write: an entry with two tags, one of them without a name. */
function withTags(bytes: Buffer): Buffer {
  const at = AT.key + Buffer.byteLength(key);
  const tag = (name: string) => {
    const head = Buffer.alloc(2);
    head.writeUInt16BE(name.length);
    return Buffer.concat([head, Buffer.from(name), Buffer.alloc(8, 0xee)]);
  };
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.of(0, 2),
    tag('country:at'),
    tag(''),
    bytes.subarray(at + 2),
  ]);
}

interface Golden {
  readonly file: string;
  readonly options: FormatOptions;
  readonly value: unknown;
  readonly after?: (bytes: Buffer) => Buffer;
}

/** What each file of version 2 in `test/golden` holds, and what reads it. */
export const GOLDEN: readonly Golden[] = [
  { file: 'entry-2-msgpack.bin', options: {}, value: everything },
  { file: 'entry-2-json.bin', options: { codec: 'json' }, value: plain },
  { file: 'entry-2-tagged.bin', options: { types: [money] }, value: oddities },
  { file: 'entry-2-own.bin', options: { codec: own }, value: plain },
  { file: 'entry-2-zstd.bin', options: { compression: { algorithm: 'zstd' } }, value: long },
  { file: 'entry-2-brotli.bin', options: { compression: { algorithm: 'brotli' } }, value: long },
  { file: 'entry-2-encrypted.bin', options: { encryption }, value: plain },
  {
    file: 'entry-2-all.bin',
    options: { codec: own, compression: { algorithm: 'brotli' }, encryption },
    value: long,
  },
  { file: 'entry-2-tags.bin', options: {}, value: plain, after: withTags },
];
