import { readFileSync } from 'node:fs';
import type { Stored } from './entry.ts';

/** Bytes that a release wrote once. They are never written again: what they hold has to stay readable. */
export function golden(name: string): Buffer {
  return readFileSync(new URL(`../../../test/golden/${name}`, import.meta.url));
}

export function changed(bytes: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = byte;
  return copy;
}

export function whyOf(stored: Stored): string {
  return stored.kind === 'undecodable' ? stored.why : stored.kind;
}
