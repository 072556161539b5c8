import { randomFillSync } from 'node:crypto';

const TOKEN_BYTES = 16;
const POOL_TOKENS = 256;
const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

let pool = Buffer.alloc(0);
let used = 0;

/**
 * A token for one acquisition, never used again: 96 random bits as 16 characters of base64url. Characters, because
 * ioredis sends a command without bytes in one piece. Taken from a pool, because asking the system for each costs more
 * than the command that carries it.
 */
export function newToken(): Buffer {
  if (used === pool.length) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(TOKEN_BYTES * POOL_TOKENS));
    for (let i = 0; i < pool.length; i++) pool[i] = ALPHABET[(pool[i] ?? 0) & 63] ?? 0;
    used = 0;
  }
  const token = pool.subarray(used, used + TOKEN_BYTES);
  used += TOKEN_BYTES;
  return token;
}
