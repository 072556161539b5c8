/** What one key's bytes are. `head` is the first 17 bytes, kind and token, which scripts compare: a copy, or all of a lease. */
export type Stored =
  | StoredValue
  | { readonly kind: 'lease'; readonly head: Buffer }
  | { readonly kind: 'undecodable'; readonly head: Buffer; readonly why: Why };

/** A value that was read. Times are milliseconds since the epoch, by its writer's clock. */
export interface StoredValue {
  readonly kind: 'value';
  readonly value: unknown;
  readonly head: Buffer;
  readonly writtenAt: number;
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly loadMs: number;

  /** How many bytes the whole entry has in the cluster. */
  readonly bytes: number;
}

/** Why an entry is no value for this reader. Nothing of the data is in it. */
export type Why =
  | 'neither a value nor a lease'
  | 'a format version that is not known'
  | 'a codec that is not known'
  | 'a flag that is not known'
  | 'cut off'
  | "another key's entry"
  | 'tags in a version without them'
  | 'times that are none'
  | 'not encrypted'
  | 'encrypted, and this cache has no keys'
  | 'changed, or encrypted with a key that is not known'
  | 'a payload that cannot be decompressed'
  | 'a payload that cannot be decoded'
  | 'another schema version'
  | 'a value that does not fit its schema';

/** What an entry says about its value. */
export interface EntryHeader {
  /** When the value was written, in milliseconds since the epoch, by the writer's clock. */
  readonly writtenAt: number;

  /** Until when it is fresh, in the same unit. */
  readonly freshUntil: number;

  /** Until when it may be served stale, in the same unit. @default `freshUntil` */
  readonly staleUntil?: number;

  /** What loading it took, in milliseconds. */
  readonly loadMs: number;

  /** The version of the value's form, from 1 to 4 294 967 295. @default 0, none */
  readonly version?: number | undefined;
}

/** Kind and token: what a fill compares. */
export const HEAD_BYTES = 17;
const TOKEN_BYTES = 16;

export const VALUE = 0x56;
const LEASE = 0x4c;

/**
 * The bytes of a value; big-endian, kept for ever in `test/golden`. Everything up to 39 lies where it lies in version 1.
 *
 * ```
 *   0  kind 'V'                   39  stale until, float64
 *   1  token, 16 bytes            47  version of the value's form, uint32, 0 = none
 *  17  version of the format, 2   51  flags: 1 zstd, 2 brotli, 4 encrypted
 *  18  codec: 0 MessagePack,      52  length of the key, uint16
 *      1 JSON, 2 MessagePack      54  the key, UTF-8
 *      with tags, 255 named        …  number of tags, uint16; for each: length of its name, uint16,
 *  19  written at, float64            name, version, 8 bytes; none are written yet, and all are passed over
 *  27  fresh until, float64        …  if the codec is 255: length of its name, uint8, name
 *  35  load cost ms, uint32        …  payload; encrypted: see entry-encryption.ts
 * ```
 *
 * Version 1 has the length of the key at 39, the key at 41, no tags, and MessagePack behind them.
 *
 * Encryption also protects the codec, the flags, the schema version, the key and the tags. It does not cover token and
 * times: scripts may move them, and whoever could write to the cluster could put an old entry back anyway.
 */
export const AT = {
  version: 17,
  codec: 18,
  writtenAt: 19,
  freshUntil: 27,
  loadMs: 35,
  staleUntil: 39,
  schema: 47,
  flags: 51,
  keyLength: 52,
  key: 54,
} as const;

export const AT_1 = { keyLength: 39, key: 41 } as const;

export const ENCRYPTED = 4;

/** Behind the head of a lease: somebody waits for its end and is to be told. `mark.lua` writes it. */
const MARK = 0x77;

/** A lease as it is taken, as text where it is text: ioredis sends that faster than bytes. */
export function leaseText(token: Buffer): string {
  return `L${token.toString('latin1', 0, TOKEN_BYTES)}`;
}

/** The first bytes of a value with a token. */
export function headOfValue(token: Buffer): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head[0] = VALUE;
  token.copy(head, 1);
  return head;
}

/** The bytes of a lease as it is taken: they are its head, and all of it. */
export function leaseBytes(token: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES);
  bytes[0] = LEASE;
  token.copy(bytes, 1);
  return bytes;
}

/** Whether bytes are a lease that was taken with this token. */
export function isLeaseOf(token: Buffer, bytes: Buffer): boolean {
  return isLease(bytes) && token.compare(bytes, 1, HEAD_BYTES) === 0;
}

/** Whether bytes are a lease, waited for or not. */
export function isLease(bytes: Buffer): boolean {
  if (bytes[0] !== LEASE) return false;
  return bytes.length === HEAD_BYTES || (bytes.length === HEAD_BYTES + 1 && bytes[HEAD_BYTES] === MARK);
}

/** Changes until when an entry is fresh and stale, in the bytes of a value of version 2. */
export function setTimes(bytes: Buffer, freshUntil: number, staleUntil: number): void {
  bytes.writeDoubleBE(freshUntil, AT.freshUntil);
  bytes.writeDoubleBE(staleUntil, AT.staleUntil);
}

/** A copy of an entry's first bytes, so that whoever keeps it does not keep the whole entry. */
export function headOf(bytes: Buffer): Buffer {
  const length = Math.min(bytes.length, HEAD_BYTES);
  const head = Buffer.allocUnsafe(length);
  // Half the price of a native copy at this size.
  for (let i = 0; i < length; i++) head[i] = bytes[i] ?? 0;
  return head;
}

/** Whether `key` is what lies in `bytes` from `at` on, in UTF-8. */
export function echoes(bytes: Buffer, at: number, length: number, key: string): boolean {
  if (length !== key.length) return length > key.length && bytes.toString('utf8', at, at + length) === key;
  // As many bytes as characters: either all of it is ASCII, or it is another key.
  for (let i = 0; i < length; i++) {
    const code = key.charCodeAt(i);
    if (code !== bytes[at + i] || code > 0x7f) return false;
  }
  return true;
}

/** Whether it is this reader that cannot read an entry, and others may. */
export function isOthers(why: Why): boolean {
  return OTHERS.has(why);
}

const OTHERS: ReadonlySet<Why> = new Set([
  'another schema version',
  'a value that does not fit its schema',
  'a format version that is not known',
  'a codec that is not known',
  'not encrypted',
  'encrypted, and this cache has no keys',
  'changed, or encrypted with a key that is not known',
]);

/** A time as an entry has it; nothing for none. */
export function timeBytes(time: number | undefined): Buffer | string {
  if (time === undefined) return '';
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(time);
  return bytes;
}
