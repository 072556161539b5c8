/** How many slots a cluster has; slots are numbered from 0. */
export const SLOT_COUNT = 16_384;

/**
 * CRC-16/XMODEM as the Redis Cluster specification (appendix A) names it: polynomial 0x1021, initial value 0,
 * nothing reflected.
 */
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/**
 * The part of a key that alone decides its slot: what is between the first `{` and the first `}` after it.
 * `undefined` when there is none or it is empty; then the whole key decides.
 *
 * @example
 * ```ts run
 * import { hashTagOf } from '@keyslot/keys';
 *
 * hashTagOf('places:{place:42}:detail'); // => 'place:42'
 * hashTagOf('places:{}:{42}'); // => undefined
 * ```
 */
export function hashTagOf(text: string): string | undefined {
  const open = text.indexOf('{');
  if (open === -1) return undefined;
  const close = text.indexOf('}', open + 1);
  return close === -1 || close === open + 1 ? undefined : text.slice(open + 1, close);
}

/**
 * The slot, 0 to 16383, in which a cluster keeps the key `text`, computed as the server computes it from the
 * UTF-8 that Node sends.
 *
 * @example
 * ```ts run
 * import { slotOf } from '@keyslot/keys';
 *
 * slotOf('123456789'); // => 12_739
 * slotOf('places:{42}:detail') === slotOf('tours:{42}'); // => true
 * ```
 */
export function slotOf(text: string): number {
  const hashed = hashTagOf(text) ?? text;
  let crc = 0;
  for (let at = 0; at < hashed.length; at++) {
    const unit = hashed.charCodeAt(at);
    if (unit > 0x7f) return slotOfBytes(Buffer.from(hashed));
    crc = next(crc, unit);
  }
  return crc & (SLOT_COUNT - 1);
}

/** Node sends a lone surrogate as U+FFFD; the bytes are Node's own, so the slot is that of what is sent. */
function slotOfBytes(bytes: Uint8Array): number {
  return bytes.reduce(next, 0) & (SLOT_COUNT - 1);
}

function next(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ (CRC16[(crc >> 8) ^ byte] ?? 0);
}
