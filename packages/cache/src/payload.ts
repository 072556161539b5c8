import { type Codec, TooLarge, Unencodable } from './codec.ts';
import { toJson } from './codec-json.ts';
import { pack, unpack } from './codec-msgpack.ts';
import { survey } from './codec-survey.ts';
import type { Tagger } from './codec-tagged.ts';

/** Which codec wrote a payload, as entries say it. */
export const MSGPACK = 0;
export const JSON_TEXT = 1;
export const TAGGED_MSGPACK = 2;
export const OWN = 255;

/** A value's bytes, or the text of which they are the UTF-8. */
export interface Payload {
  readonly codec: number;
  readonly content: Uint8Array | string;
}

/** Writes with the codec that was chosen, and reads what it or a built-in one wrote. */
export class Payloads {
  readonly #codec: 'msgpack' | 'json' | Codec;
  readonly #tagger: Tagger;
  readonly #mostBytes: number;

  constructor(codec: 'msgpack' | 'json' | Codec, tagger: Tagger, mostBytes: number) {
    this.#codec = codec;
    this.#tagger = tagger;
    this.#mostBytes = mostBytes;
  }

  /** @throws {Unencodable} for a value that has no bytes. @throws {TooLarge} when that can be told before writing. */
  write(value: unknown): Payload {
    if (value === undefined) throw new Unencodable('it is undefined');
    try {
      if (this.#codec === 'json') return { codec: JSON_TEXT, content: toJson(value, this.#mostBytes) };
      if (this.#codec === 'msgpack') return this.#pack(value);
      return { codec: OWN, content: bytesBy(this.#codec, value) };
    } catch (error) {
      if (error instanceof Unencodable || error instanceof TooLarge) throw error;
      // The error's own message may quote the value, so it is only the cause.
      throw new Unencodable('it holds what cannot be read', { cause: error });
    }
  }

  #pack(value: unknown): Payload {
    switch (survey(value, this.#mostBytes)) {
      case 'json':
        return { codec: JSON_TEXT, content: JSON.stringify(value) };
      case 'msgpack':
        return { codec: MSGPACK, content: pack(value) };
      case 'tagged':
        return { codec: TAGGED_MSGPACK, content: pack(this.#tagger.tag(value)) };
    }
  }

  /** @throws anything, when the bytes are none of ours. */
  read(codec: number, bytes: Buffer, start: number): unknown {
    switch (codec) {
      case JSON_TEXT:
        return JSON.parse(bytes.toString('utf8', start));
      case MSGPACK:
        return unpack(bytes, start);
      case TAGGED_MSGPACK:
        return this.#tagger.revive(unpack(bytes, start));
      default:
        if (typeof this.#codec === 'string') throw new TypeError('no codec of that name');
        return this.#codec.decode(bytes.subarray(start));
    }
  }
}

function bytesBy(codec: Codec, value: unknown): Uint8Array {
  let bytes: unknown;
  try {
    bytes = codec.encode(value);
  } catch (cause) {
    throw new Unencodable(`the codec ${codec.name} refuses it`, { cause });
  }
  if (bytes instanceof Uint8Array) return bytes;
  throw new Unencodable(`the codec ${codec.name} gave no Uint8Array for it`);
}
