import * as zlib from 'node:zlib';

/** How payloads are made smaller. */
export interface CompressionOptions {
  /**
   * `zstd` needs Node 22.15 or newer in every process that reads. What another process wrote with either is read
   * whatever stands here.
   *
   * @default 'zstd' where this runtime has it, else 'brotli'
   */
  readonly algorithm?: 'zstd' | 'brotli';

  /**
   * From how many bytes on a payload is compressed. Smaller ones cost more time than they save memory.
   *
   * @default 4096
   */
  readonly minBytes?: number;
}

/** How an entry says that it is compressed: two bits of its flags. */
export const COMPRESSION_BITS = 0b11;
const ZSTD = 1;
const BROTLI = 2;

// Below a tenth saved, reading costs more than it brings.
const WORTH_IT = 0.9;

// Compressing on the way to the cluster must not take longer than getting there: the best ratio takes 50 times as long.
const BROTLI_FAST = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Whether this runtime can do it. */
export function hasZstd(): boolean {
  return typeof (zlib as Partial<typeof zlib>).zstdCompressSync === 'function';
}

/** The payload and the flag that belongs to it: compressed only if that pays. */
export function compress(
  payload: Uint8Array,
  { algorithm, minBytes }: Required<CompressionOptions>,
): { readonly payload: Uint8Array; readonly flag: number } {
  if (payload.length < minBytes) return { payload, flag: 0 };
  const smaller =
    algorithm === 'zstd' ? zlib.zstdCompressSync(payload) : zlib.brotliCompressSync(payload, BROTLI_FAST);
  if (smaller.length > payload.length * WORTH_IT) return { payload, flag: 0 };
  return { payload: smaller, flag: algorithm === 'zstd' ? ZSTD : BROTLI };
}

/**
 * The payload as it was, and never more than `mostBytes` of it: a few bytes can stand for gigabytes.
 *
 * @throws whatever zlib throws, when it is none, or too much.
 */
export function decompress(payload: Uint8Array, flag: number, mostBytes: number): Buffer {
  const bound = { maxOutputLength: mostBytes };
  if (flag === BROTLI) return zlib.brotliDecompressSync(payload, bound);
  if (flag === ZSTD && hasZstd()) return zlib.zstdDecompressSync(payload, bound);
  throw new TypeError('a compression that is not known');
}
