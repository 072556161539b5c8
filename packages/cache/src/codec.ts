import { Packr } from 'msgpackr';

/** Why a value has no bytes. */
export class Unencodable extends Error {}

// Objects are written as records, so that a Map stays a Map. Records are complete in each payload: nothing is
// shared between payloads. `structuredClone: false` also refuses references in bytes that we did not write.
const packr = new Packr({
  useRecords: true,
  mapsAsObjects: false,
  moreTypes: true,
  useBigIntExtension: true,
  structuredClone: false,
  copyBuffers: true,
  writeFunction() {
    throw new Unencodable('it holds a function');
  },
});

/**
 * MessagePack by way of msgpackr: what JSON has, and `Date`, `Map`, `Set`, `BigInt`, `Buffer`, typed arrays,
 * `NaN` and the infinities.
 *
 * @throws {Unencodable} for `undefined`, functions, symbols and cycles.
 */
export function encodePayload(value: unknown): Buffer {
  if (value === undefined) throw new Unencodable('it is undefined');
  try {
    return packr.pack(value);
  } catch (error) {
    if (error instanceof Unencodable) throw error;
    // The error's own message may quote the value, so it is only the cause.
    throw new Unencodable(whyOf(error), { cause: error });
  }
}

function whyOf(error: unknown): string {
  if (error instanceof RangeError) return 'it holds itself, or is nested too deep';
  if (error instanceof Error && error.message === 'Unknown type: symbol') return 'it holds a symbol';
  return 'it holds what cannot be read';
}

/** @throws whatever msgpackr throws, when the bytes are none of ours. */
export function decodePayload(bytes: Buffer, start: number): unknown {
  return packr.unpack(bytes, { start, end: bytes.length });
}
