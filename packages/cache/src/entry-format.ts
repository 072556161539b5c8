import { TooLarge, Unencodable } from './codec.ts';
import { Tagger } from './codec-tagged.ts';
import {
  AT,
  AT_1,
  ENCRYPTED,
  type EntryHeader,
  echoes,
  HEAD_BYTES,
  headOf,
  isLease,
  type Stored,
  VALUE,
  type Why,
} from './entry.ts';
import { COMPRESSION_BITS, compress, decompress } from './entry-compression.ts';
import { Cipher } from './entry-encryption.ts';
import { type FormatOptions, type FormatSettings, formatSettingsOf } from './entry-options.ts';
import { fits } from './entry-schema.ts';
import type { Expected } from './expected.ts';
import { JSON_TEXT, MSGPACK, OWN, Payloads, TAGGED_MSGPACK } from './payload.ts';

const LONGEST_KEY = 0xffff;
const TAG_VERSION_BYTES = 8;
const NO_BYTES = Buffer.alloc(0);

/**
 * Entries of one cache: what its values look like in the cluster. Knows nothing of time, tokens or the cluster.
 *
 * Writes version 2 of the format (`entry.ts`), reads 1 and 2. Anybody can write to the cluster: bytes that are none of
 * ours, or not for this key, are an outcome and no error.
 */
export class EntryFormat {
  readonly #settings: FormatSettings;
  readonly #payloads: Payloads;
  readonly #cipher: Cipher | undefined;
  readonly #codecName: Buffer;

  /** @throws {InvalidOptionError} for options that cannot be used. */
  constructor(options: FormatOptions = {}) {
    const settings = formatSettingsOf(options);
    const { codec, types, instances, maxEntryBytes, encryption } = settings;
    this.#settings = settings;
    this.#payloads = new Payloads(codec, new Tagger(types, instances, maxEntryBytes), maxEntryBytes);
    this.#cipher = encryption === undefined ? undefined : new Cipher(encryption);
    this.#codecName = typeof codec === 'string' ? NO_BYTES : sized(codec.name);
  }

  /** How many bytes a value may have. */
  get maxEntryBytes(): number {
    return this.#settings.maxEntryBytes;
  }

  /**
   * @throws {Unencodable} for a value or a key that cannot be stored.
   * @throws {TooLarge} for a value with more bytes than it may have.
   */
  encode(token: Buffer, key: string, value: unknown, header: EntryHeader): Buffer {
    const keyLength = Buffer.byteLength(key);
    if (keyLength > LONGEST_KEY) throw new Unencodable('its key is longer than 65 535 bytes');
    const { codec, content } = this.#payloads.write(value);
    const isText = typeof content === 'string';
    const length = isText ? Buffer.byteLength(content) : content.length;
    if (length > this.#settings.maxEntryBytes) throw new TooLarge(length);

    const name = codec === OWN ? this.#codecName : NO_BYTES;
    const atPayload = AT.key + keyLength + 2 + name.length;
    const isWrapped = this.#cipher !== undefined || this.#settings.compression !== undefined;
    const bytes = Buffer.allocUnsafe(isWrapped ? atPayload : atPayload + length);
    bytes[0] = VALUE;
    token.copy(bytes, 1);
    bytes[AT.version] = 2;
    bytes[AT.codec] = codec;
    bytes.writeDoubleBE(header.writtenAt, AT.writtenAt);
    bytes.writeDoubleBE(header.freshUntil, AT.freshUntil);
    bytes.writeDoubleBE(header.staleUntil ?? header.freshUntil, AT.staleUntil);
    bytes.writeUInt32BE(Math.min(Math.round(header.loadMs), 0xffff_ffff), AT.loadMs);
    bytes.writeUInt32BE(header.version ?? 0, AT.schema);
    bytes[AT.flags] = 0;
    bytes.writeUInt16BE(keyLength, AT.keyLength);
    bytes.write(key, AT.key, 'utf8');
    bytes.writeUInt16BE(0, AT.key + keyLength);
    name.copy(bytes, AT.key + keyLength + 2);
    if (isWrapped) return this.#wrap(bytes, isText ? Buffer.from(content) : content);
    if (isText) bytes.write(content, atPayload, 'utf8');
    else bytes.set(content, atPayload);
    return bytes;
  }

  /** Compressed first: what is encrypted cannot be compressed. */
  #wrap(head: Buffer, plain: Uint8Array): Buffer {
    const { compression } = this.#settings;
    const { payload, flag } =
      compression === undefined ? { payload: plain, flag: 0 } : compress(plain, compression);
    head[AT.flags] = this.#cipher === undefined ? flag : flag | ENCRYPTED;
    return Buffer.concat([head, this.#cipher?.encrypt(payload, boundIn(head, head.length)) ?? payload]);
  }

  /**
   * Reads what a key holds.
   *
   * @throws {InvalidOptionError} for a schema that answers with a promise, and nothing else.
   */
  decode(bytes: Buffer, key: string, expected?: Expected): Stored {
    if (isLease(bytes)) return { kind: 'lease', head: bytes.subarray(0, HEAD_BYTES) };
    if (bytes[0] !== VALUE || bytes.length <= HEAD_BYTES) {
      return undecodable(bytes, 'neither a value nor a lease');
    }
    const version = bytes[AT.version];
    if (version === 2) return this.#decode2(bytes, key, expected);
    if (version === 1) return this.#decode1(bytes, key, expected);
    return undecodable(bytes, 'a format version that is not known');
  }

  #decode2(bytes: Buffer, key: string, expected: Expected | undefined): Stored {
    if (bytes.length < AT.key + 2) return undecodable(bytes, 'cut off');
    const atTags = AT.key + bytes.readUInt16BE(AT.keyLength);
    if (atTags + 2 > bytes.length) return undecodable(bytes, 'cut off');
    if (!echoes(bytes, AT.key, atTags - AT.key, key)) return undecodable(bytes, "another key's entry");
    if (bytes.readUInt32BE(AT.schema) !== (expected?.version ?? 0)) {
      return undecodable(bytes, 'another schema version');
    }

    let at = afterTags(bytes, atTags);
    if (at > bytes.length) return undecodable(bytes, 'cut off');
    const codec = bytes[AT.codec] ?? 0;
    if (codec === OWN) {
      const name = this.#codecName;
      const atPayload = at + name.length;
      if (atPayload > bytes.length) return undecodable(bytes, 'cut off');
      if (name.length === 0 || name.compare(bytes, at, atPayload) !== 0) {
        return undecodable(bytes, 'a codec that is not known');
      }
      at = atPayload;
    } else if (codec !== MSGPACK && codec !== JSON_TEXT && codec !== TAGGED_MSGPACK) {
      return undecodable(bytes, 'a codec that is not known');
    }

    const flags = bytes[AT.flags] ?? 0;
    if (flags === 0 && this.#cipher === undefined) {
      return this.#value(bytes, codec, bytes, at, bytes.readDoubleBE(AT.staleUntil), expected);
    }
    const payload = this.#unwrap(bytes, at, flags);
    if (typeof payload === 'string') return undecodable(bytes, payload);
    return this.#value(bytes, codec, payload, 0, bytes.readDoubleBE(AT.staleUntil), expected);
  }

  #decode1(bytes: Buffer, key: string, expected: Expected | undefined): Stored {
    if (this.#cipher !== undefined) return undecodable(bytes, 'not encrypted');
    if (bytes[AT.codec] !== MSGPACK) return undecodable(bytes, 'a codec that is not known');
    if (bytes.length < AT_1.key + 2) return undecodable(bytes, 'cut off');
    const atTags = AT_1.key + bytes.readUInt16BE(AT_1.keyLength);
    if (atTags + 2 >= bytes.length) return undecodable(bytes, 'cut off');
    if (!echoes(bytes, AT_1.key, atTags - AT_1.key, key)) return undecodable(bytes, "another key's entry");
    if (bytes.readUInt16BE(atTags) !== 0) return undecodable(bytes, 'tags in a version without them');
    if ((expected?.version ?? 0) !== 0) return undecodable(bytes, 'another schema version');
    return this.#value(bytes, MSGPACK, bytes, atTags + 2, bytes.readDoubleBE(AT.freshUntil), expected);
  }

  /** The payload that `#wrap` was given, or why there is none. */
  #unwrap(bytes: Buffer, at: number, flags: number): Buffer | Why {
    const compression = flags & COMPRESSION_BITS;
    if (flags !== (compression | (flags & ENCRYPTED))) return 'a flag that is not known';
    // With keys, also the absence of encryption is a change that somebody made.
    if ((flags & ENCRYPTED) === 0 && this.#cipher !== undefined) return 'not encrypted';
    let payload = bytes.subarray(at);
    if ((flags & ENCRYPTED) !== 0) {
      if (this.#cipher === undefined) return 'encrypted, and this cache has no keys';
      try {
        payload = this.#cipher.decrypt(payload, boundIn(bytes, at));
      } catch {
        // node:crypto does not say more than this.
        return 'changed, or encrypted with a key that is not known';
      }
    }
    if (compression === 0) return payload;
    try {
      return decompress(payload, compression, this.#settings.maxEntryBytes);
    } catch {
      // Damaged, or more than a value may have. What zlib says of it helps nobody.
      return 'a payload that cannot be decompressed';
    }
  }

  #value(
    bytes: Buffer,
    codec: number,
    payload: Buffer,
    at: number,
    staleUntil: number,
    expected: Expected | undefined,
  ): Stored {
    const writtenAt = bytes.readDoubleBE(AT.writtenAt);
    const freshUntil = bytes.readDoubleBE(AT.freshUntil);
    if (Number.isNaN(writtenAt) || Number.isNaN(freshUntil) || Number.isNaN(staleUntil)) {
      return undecodable(bytes, 'times that are none');
    }
    let value: unknown;
    try {
      value = this.#payloads.read(codec, payload, at);
    } catch {
      // The error's own message would quote the data.
      return undecodable(bytes, 'a payload that cannot be decoded');
    }
    if (value === undefined) return undecodable(bytes, 'a payload that cannot be decoded');
    if (expected?.schema !== undefined && !fits(expected.schema, value)) {
      return undecodable(bytes, 'a value that does not fit its schema');
    }
    return {
      kind: 'value',
      value,
      head: headOf(bytes),
      writtenAt,
      freshUntil,
      staleUntil,
      loadMs: bytes.readUInt32BE(AT.loadMs),
      bytes: bytes.length,
    };
  }
}

/** Where the tags end; behind the bytes if they do not. */
function afterTags(bytes: Buffer, atTags: number): number {
  let at = atTags + 2;
  for (let left = bytes.readUInt16BE(atTags); left > 0; left--) {
    if (at + 2 > bytes.length) return bytes.length + 1;
    at += 2 + bytes.readUInt16BE(at) + TAG_VERSION_BYTES;
  }
  return at;
}

/** What encryption protects without hiding it: all of the header but token and times. */
function boundIn(bytes: Buffer, atPayload: number): Buffer {
  return Buffer.concat([bytes.subarray(AT.version, AT.writtenAt), bytes.subarray(AT.schema, atPayload)]);
}

function sized(name: string): Buffer {
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name, 'latin1')]);
}

function undecodable(bytes: Buffer, why: Why): Stored {
  return { kind: 'undecodable', head: headOf(bytes), why };
}
