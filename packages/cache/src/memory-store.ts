import type { Clock } from '@keyslot/kernel';

interface Kept {
  readonly bytes: Buffer;

  /** By the clock; `undefined` for ever. */
  readonly until: number | undefined;
}

/**
 * Keys and their bytes, as a server keeps strings. What has expired is gone when it is asked for: no timer runs. Bytes
 * are copied on their way in and out, so that nobody changes them from outside.
 */
export class MemoryStore {
  readonly #kept = new Map<string, Kept>();
  readonly #clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  get(key: string): Buffer | null {
    const kept = this.#find(key);
    return kept === undefined ? null : Buffer.from(kept.bytes);
  }

  /** A part of the bytes, without copying the rest; none of a key that is not there. */
  head(key: string, length: number): Buffer {
    return Buffer.from(this.#find(key)?.bytes.subarray(0, length) ?? []);
  }

  /** @param ttlMs - `undefined` for ever, as a SET without PX */
  set(key: string, bytes: Buffer, ttlMs: number | undefined): void {
    const until = ttlMs === undefined ? undefined : this.#clock.now() + ttlMs;
    this.#kept.set(key, { bytes: Buffer.from(bytes), until });
  }

  /** Puts bytes in the place of others from `at` on, and leaves the time. */
  write(key: string, at: number, bytes: Buffer): void {
    const kept = this.#find(key);
    if (kept === undefined || bytes.length === 0) return;
    const changed = Buffer.alloc(Math.max(kept.bytes.length, at + bytes.length));
    kept.bytes.copy(changed);
    bytes.copy(changed, at);
    this.#kept.set(key, { bytes: changed, until: kept.until });
  }

  /** Changes the bytes and leaves the time. */
  append(key: string, more: string): void {
    const kept = this.#find(key);
    const bytes = Buffer.concat([kept?.bytes ?? Buffer.alloc(0), Buffer.from(more)]);
    this.#kept.set(key, { bytes, until: kept?.until });
  }

  /** Whether the key was there. A time that is over removes it. */
  expire(key: string, ttlMs: number): boolean {
    const kept = this.#find(key);
    if (kept === undefined) return false;
    this.#kept.set(key, { bytes: kept.bytes, until: this.#clock.now() + ttlMs });
    return true;
  }

  /** What is left of a key's time, in milliseconds; -1 for ever, -2 when it is not there, as PTTL has it. */
  leftMs(key: string): number {
    const kept = this.#find(key);
    if (kept === undefined) return -2;
    return kept.until === undefined ? -1 : kept.until - this.#clock.now();
  }

  /** Whether the key was there. */
  delete(key: string): boolean {
    return this.#find(key) !== undefined && this.#kept.delete(key);
  }

  #find(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    if (kept?.until === undefined || kept.until > this.#clock.now()) return kept;
    this.#kept.delete(key);
    return undefined;
  }
}
