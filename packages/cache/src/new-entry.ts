import type { ClusterKey } from './cluster-tier.ts';
import { TooLarge, Unencodable } from './codec.ts';
import { EntryFormat } from './entry-format.ts';
import { EntryTooLargeError, UnencodableValueError } from './errors.ts';
import { type EntryOptions, type Settings, ttlOf } from './options.ts';

/** An entry that is ready to be stored. */
export interface NewEntry {
  readonly bytes: Buffer;
  readonly ttlMs: number;
  readonly writtenAt: number;
  readonly freshUntil: number;
}

const format = new EntryFormat();

/**
 * @throws {UnencodableValueError} when the value cannot be stored as it is.
 * @throws {EntryTooLargeError} when it has more bytes than it may have.
 */
export function newEntry(
  settings: Settings,
  key: ClusterKey,
  token: Buffer,
  value: unknown,
  { loadMs, options }: { readonly loadMs: number; readonly options: EntryOptions | undefined },
): NewEntry {
  const ttlMs = Math.max(1, Math.round(ttlOf(settings, options) * (1 - settings.jitter * Math.random())));
  const writtenAt = settings.clock.now();
  const freshUntil = writtenAt + ttlMs;
  try {
    return {
      bytes: format.encode(token, key.text, value, { writtenAt, freshUntil, loadMs }),
      ttlMs,
      writtenAt,
      freshUntil,
    };
  } catch (error) {
    if (error instanceof TooLarge) {
      throw new EntryTooLargeError(key.template, error.bytes, format.maxEntryBytes);
    }
    if (!(error instanceof Unencodable)) throw error;
    throw new UnencodableValueError(key.template, error.message, { cause: error });
  }
}
