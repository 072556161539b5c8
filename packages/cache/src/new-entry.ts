import type { Clock } from '@keyslot/kernel';
import type { ClusterKey } from './cluster-key.ts';
import { TooLarge, Unencodable } from './codec.ts';
import type { EntryFormat } from './entry-format.ts';
import { EntryTooLargeError, UnencodableValueError } from './errors.ts';
import type { Policy } from './freshness.ts';

/** An entry that is ready to be stored. */
export interface NewEntry {
  readonly bytes: Buffer;

  /** How long the cluster keeps it: for as long as it is fresh, and then stale. */
  readonly ttlMs: number;
  readonly writtenAt: number;
  readonly freshUntil: number;
}

/** What an entry is made of, beside its value. */
export interface Making {
  readonly format: EntryFormat;
  readonly clock: Pick<Clock, 'now'>;
  readonly token: Buffer;
  readonly policy: Policy;
  readonly loadMs: number;
}

/**
 * @throws {UnencodableValueError} when the value cannot be stored as it is.
 * @throws {EntryTooLargeError} when it has more bytes than it may have.
 */
export function newEntry(key: ClusterKey, value: unknown, making: Making): NewEntry {
  const { format, clock, token, policy, loadMs } = making;
  const { freshMs, graceMs } = timesOf(value, policy);
  const writtenAt = clock.now();
  const freshUntil = writtenAt + freshMs;
  const staleUntil = freshUntil + graceMs;
  const header = { writtenAt, freshUntil, staleUntil, loadMs, version: policy.expected?.version ?? 0 };
  try {
    return {
      bytes: format.encode(token, key.text, value, header),
      ttlMs: freshMs + graceMs,
      writtenAt,
      freshUntil,
    };
  } catch (error) {
    if (error instanceof TooLarge)
      throw new EntryTooLargeError(key.template, error.bytes, format.maxEntryBytes);
    if (!(error instanceof Unencodable)) throw error;
    throw new UnencodableValueError(key.template, error.message, { cause: error });
  }
}

/** What does not exist may come to be: it is not served for longer than it was said to be fresh. */
export function timesOf(value: unknown, { ttlMs, jitter, graceMs, negativeTtlMs }: Policy) {
  const isNegative = value === null && negativeTtlMs !== undefined;
  const freshMs = Math.max(
    1,
    Math.round((isNegative ? negativeTtlMs : ttlMs) * (1 - jitter * Math.random())),
  );
  return { freshMs, graceMs: isNegative ? 0 : graceMs };
}
