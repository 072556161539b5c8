import { randomBytes } from 'node:crypto';

/** How long a token is. */
export const TOKEN_LENGTH = 16;

/** A token for one acquisition, never used again: 96 random bits as characters. */
export function newToken(): string {
  return randomBytes(12).toString('base64url');
}
