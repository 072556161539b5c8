import { Packr } from 'msgpackr';

// Objects are written as records, so that a Map stays a Map. Records are complete in each payload: nothing is shared
// between payloads. `structuredClone: false` also refuses references in bytes that we did not write.
const packr = new Packr({
  useRecords: true,
  mapsAsObjects: false,
  moreTypes: true,
  useBigIntExtension: true,
  structuredClone: false,
  copyBuffers: true,
  useToJSON: false,
});

/** MessagePack of a value that was surveyed: there is nothing in it that msgpackr would change or refuse. */
export function pack(value: unknown): Buffer {
  return packr.pack(value);
}

/** @throws whatever msgpackr throws, when the bytes are none of ours. Its messages quote the data. */
export function unpack(bytes: Buffer, start: number): unknown {
  return packr.unpack(bytes, { start, end: bytes.length });
}
