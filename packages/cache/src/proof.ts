import { hash, randomUUID } from 'node:crypto';

/**
 * By which the others know that it is the same process that ends a doubt as the one that told of it. It tells the seal with
 * the doubt and shows the secret when the delete is confirmed. Everybody may hear both, and say what he likes, but
 * nobody finds another secret for a seal.
 */
export class Proof {
  readonly secret = randomUUID();
  #seal: string | undefined;

  /** Made when it is asked for: most deletes that are repeated are never told of. */
  get seal(): string {
    this.#seal ??= sealOf(this.secret);
    return this.#seal;
  }
}

/** The seal that a secret opens. */
export function sealOf(secret: string): string {
  return hash('sha256', secret, 'base64url');
}
