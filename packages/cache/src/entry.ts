import { decodePayload, encodePayload, Unencodable } from './codec.ts';

/** What one key's bytes are. `token` is what they were written with, `head` the first bytes, kind and token. */
export type Stored =
  | { readonly kind: 'value'; readonly value: unknown; readonly freshUntil: number; readonly bytes: number }
  | { readonly kind: 'lease'; readonly head: Buffer }
  | { readonly kind: 'undecodable'; readonly head: Buffer; readonly why: string };

/** What an entry says about its value. */
export interface EntryHeader {
  /** When the value was written, in milliseconds since the epoch, by the writer's clock. */
  readonly writtenAt: number;

  /** Until when it is fresh, in the same unit. */
  readonly freshUntil: number;

  /** What loading it took, in milliseconds. */
  readonly loadMs: number;
}

/** Kind and token: what a fill compares. */
export const HEAD_BYTES = 17;

const VALUE = 0x56;
const LEASE = 0x4c;
const VERSION = 1;
const CODEC_MSGPACK = 0;

const AT_VERSION = 17;
const AT_CODEC = 18;
const AT_WRITTEN = 19;
const AT_FRESH = 27;
const AT_COST = 35;
const AT_KEY_LENGTH = 39;
const AT_KEY = 41;
const LONGEST_KEY = 0xffff;

/** The bytes of a lease: they are the lease's head, and all of it. */
export function leaseBytes(token: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES);
  bytes[0] = LEASE;
  token.copy(bytes, 1);
  return bytes;
}

/** Whether a lease was taken with this token. */
export function isLeaseOf(token: Buffer, head: Buffer): boolean {
  return head.length === HEAD_BYTES && head[0] === LEASE && token.compare(head, 1) === 0;
}

/** Changes until when an entry is fresh, in the bytes of a value that was just encoded. */
export function setFreshUntil(bytes: Buffer, freshUntil: number): void {
  bytes.writeDoubleBE(freshUntil, AT_FRESH);
}

/**
 * The bytes of a value, version 1 of the format; big-endian, kept for ever in `test/golden`.
 *
 * ```
 *   0  kind 'V'              19  written at, float64     39  length of the key, uint16
 *   1  token, 16 bytes       27  fresh until, float64    41  the key, UTF-8
 *  17  version, 1            35  load cost ms, uint32     …  number of tags, uint16, always 0 in this version
 *  18  codec, 0 = msgpack                                 …  payload
 * ```
 *
 * @throws {Unencodable} for a value or a key that cannot be stored.
 */
export function encodeEntry(token: Buffer, key: string, value: unknown, header: EntryHeader): Buffer {
  const payload = encodePayload(value);
  const keyLength = Buffer.byteLength(key);
  if (keyLength > LONGEST_KEY) throw new Unencodable('its key is longer than 65 535 bytes');
  const atTags = AT_KEY + keyLength;
  const bytes = Buffer.allocUnsafe(atTags + 2 + payload.length);
  bytes[0] = VALUE;
  token.copy(bytes, 1);
  bytes[AT_VERSION] = VERSION;
  bytes[AT_CODEC] = CODEC_MSGPACK;
  bytes.writeDoubleBE(header.writtenAt, AT_WRITTEN);
  bytes.writeDoubleBE(header.freshUntil, AT_FRESH);
  bytes.writeUInt32BE(Math.min(Math.round(header.loadMs), 0xffff_ffff), AT_COST);
  bytes.writeUInt16BE(keyLength, AT_KEY_LENGTH);
  bytes.write(key, AT_KEY, 'utf8');
  bytes.writeUInt16BE(0, atTags);
  payload.copy(bytes, atTags + 2);
  return bytes;
}

/** Reads what a key holds. Bytes that are none of ours are an outcome, not an error: anybody can write there. */
export function decodeEntry(bytes: Buffer, key: string): Stored {
  if (bytes[0] === VALUE && bytes.length > AT_KEY + 2) return decodeValue(bytes, key);
  if (bytes[0] === LEASE && bytes.length === HEAD_BYTES) return { kind: 'lease', head: bytes };
  return undecodable(bytes, 'neither a value nor a lease');
}

function decodeValue(bytes: Buffer, key: string): Stored {
  if (bytes[AT_VERSION] !== VERSION) return undecodable(bytes, 'a format version that is not known');
  if (bytes[AT_CODEC] !== CODEC_MSGPACK) return undecodable(bytes, 'a codec that is not known');

  const atTags = AT_KEY + bytes.readUInt16BE(AT_KEY_LENGTH);
  if (atTags + 2 >= bytes.length) return undecodable(bytes, 'cut off');
  if (bytes.toString('utf8', AT_KEY, atTags) !== key) return undecodable(bytes, "another key's entry");
  if (bytes.readUInt16BE(atTags) !== 0) return undecodable(bytes, 'tags, which this version does not know');

  try {
    const value = decodePayload(bytes, atTags + 2);
    return { kind: 'value', value, freshUntil: bytes.readDoubleBE(AT_FRESH), bytes: bytes.length };
  } catch {
    // msgpackr's own message would quote the data.
    return undecodable(bytes, 'a payload that is no MessagePack');
  }
}

function undecodable(bytes: Buffer, why: string): Stored {
  return { kind: 'undecodable', head: Buffer.from(bytes.subarray(0, HEAD_BYTES)), why };
}
