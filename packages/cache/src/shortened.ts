import { setFreshUntil } from './entry.ts';
import type { NewEntry } from './new-entry.ts';

/** The same entry with less time to live. It is no longer fresh than it lives, so that no memory keeps it longer. */
export function shortened({ bytes, freshUntil, ttlMs }: NewEntry, shorterMs: number): NewEntry {
  const sooner = Math.min(freshUntil, freshUntil - ttlMs + shorterMs);
  setFreshUntil(bytes, sooner);
  return { bytes, freshUntil: sooner, ttlMs: Math.min(ttlMs, shorterMs) };
}
