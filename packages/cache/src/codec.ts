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
} as ConstructorParameters<typeof Packr>[0]);

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
    if (error instanceof RangeError) throw new Unencodable('it holds itself, or is nested too deep');
    throw new Unencodable(error instanceof Error ? error.message : 'msgpackr refused it');
  }
}

/** @throws whatever msgpackr throws, when the bytes are none of ours. */
export function decodePayload(bytes: Buffer, start: number): unknown {
  return packr.unpack(bytes, { start, end: bytes.length });
}
