import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from 'node:crypto';

/** One key for encryption. */
export interface EncryptionKey {
  /** Stands in the entries, in the clear. 1 to 64 letters, digits, `.`, `_`, `~`, `-`. */
  readonly id: string;

  /** 32 random bytes. */
  readonly key: Uint8Array | KeyObject;
}

/** How values are kept from whoever can read the cluster's memory, its dumps or its wires. */
export interface EncryptionOptions {
  /**
   * The first one encrypts, all of them decrypt. To change keys: add the new one at the end everywhere, then move it to
   * the front, and drop the old one when the longest ttl and grace are over. One key is good for 2³² entries. Sizes
   * stay visible, and with compression they tell how much of a value repeats itself.
   */
  readonly keys: readonly [EncryptionKey, ...EncryptionKey[]];
}

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM with a random IV for each entry. The part lies in an entry as: length of the key's id (uint8), the id, IV
 * (12 bytes), ciphertext, tag (16 bytes).
 */
export class Cipher {
  readonly #writing: EncryptionKey;
  readonly #idBytes: Buffer;
  readonly #byId: ReadonlyMap<string, EncryptionKey>;

  constructor({ keys }: EncryptionOptions) {
    this.#writing = keys[0];
    this.#idBytes = Buffer.from(keys[0].id, 'latin1');
    this.#byId = new Map(keys.map((each) => [each.id, each]));
  }

  /** @param about - what is not secret and must not be changed either */
  encrypt(payload: Uint8Array, about: Uint8Array): Buffer {
    const iv = randomFillSync(Buffer.allocUnsafe(IV_BYTES));
    const cipher = createCipheriv(ALGORITHM, this.#writing.key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(about);
    const length = Buffer.of(this.#idBytes.length);
    const parts = [length, this.#idBytes, iv, cipher.update(payload), cipher.final()];
    return Buffer.concat([...parts, cipher.getAuthTag()]);
  }

  /** @throws whatever `node:crypto` throws, when the bytes or `about` were changed, or the key is not known. */
  decrypt(bytes: Buffer, about: Uint8Array): Buffer {
    const atIv = 1 + (bytes[0] ?? 0);
    const atText = atIv + IV_BYTES;
    const atTag = bytes.length - TAG_BYTES;
    const key = this.#byId.get(bytes.toString('latin1', 1, atIv));
    if (key === undefined || atTag < atText) throw new TypeError('a key that is not known');
    const iv = bytes.subarray(atIv, atText);
    const decipher = createDecipheriv(ALGORITHM, key.key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(about);
    decipher.setAuthTag(bytes.subarray(atTag));
    return Buffer.concat([decipher.update(bytes.subarray(atText, atTag)), decipher.final()]);
  }
}
