import { setTimes } from './entry.ts';
import type { NewEntry } from './new-entry.ts';

/** The same entry with less time to live. It is neither fresh nor stale for longer, so that no memory keeps it longer. */
export function shortened(entry: NewEntry, shorterMs: number): NewEntry {
  const ttlMs = Math.min(entry.ttlMs, shorterMs);
  const until = entry.writtenAt + ttlMs;
  const freshUntil = Math.min(entry.freshUntil, until);
  setTimes(entry.bytes, freshUntil, until);
  return { ...entry, freshUntil, ttlMs };
}
