/**
 * How values become bytes and values again. The name is written into every entry, so that an entry is never read by
 * another codec than the one that wrote it: change the name when the bytes change their meaning.
 *
 * @example
 * ```ts run
 * import type { Codec } from '@keyslot/cache';
 *
 * const text: Codec = {
 *   name: 'text',
 *   encode: (value) => Buffer.from(String(value)),
 *   decode: (bytes) => Buffer.from(bytes).toString(),
 * };
 *
 * text.decode(text.encode('Wien')); // => 'Wien'
 * ```
 */
export interface Codec {
  /** 1 to 64 letters, digits and `.`, `_`, `~`, `-`; not `msgpack` or `json`. */
  readonly name: string;

  /** A value's bytes. When it throws, the value is refused with {@link UnencodableValueError}. */
  encode(value: unknown): Uint8Array;

  /**
   * The value of bytes that `encode` gave. They are only lent: copy what is to be kept. When it throws, or answers
   * `undefined`, the entry is a miss.
   */
  decode(bytes: Uint8Array): unknown;
}

/** Why a value has no bytes. */
export class Unencodable extends Error {}

/** A value has more bytes than it may have. `bytes` is how many, or the least that they can be. */
export class TooLarge extends Error {
  readonly bytes: number;

  constructor(bytes: number) {
    super('it is too large');
    this.bytes = bytes;
  }
}

/** Deeper than this is refused, so that what one process could write, every process has the stack to read. */
export const DEEPEST = 1_000;

export const TOO_DEEP = `it holds itself, or is nested more than ${DEEPEST} deep`;
