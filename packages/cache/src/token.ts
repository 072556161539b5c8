import { randomFillSync } from 'node:crypto';

const TOKEN_BYTES = 16;
const POOL_TOKENS = 256;

let pool = Buffer.alloc(0);
let used = 0;

/**
 * A token for one acquisition, never used again: 128 random bits. Taken from a pool, because asking the
 * system for each costs more than the command that carries it.
 */
export function newToken(): Buffer {
  if (used === pool.length) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(TOKEN_BYTES * POOL_TOKENS));
    used = 0;
  }
  const token = pool.subarray(used, used + TOKEN_BYTES);
  used += TOKEN_BYTES;
  return token;
}
