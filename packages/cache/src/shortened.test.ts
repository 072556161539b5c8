import { describe, expect, it } from 'vitest';
import { decodeEntry, encodeEntry } from './entry.ts';
import { shortened } from './shortened.ts';
import { newToken } from './token.ts';

const entry = () => ({
  bytes: encodeEntry(newToken(), 'k', 'value', { writtenAt: 1_000, freshUntil: 61_000, loadMs: 7 }),
  freshUntil: 61_000,
  ttlMs: 60_000,
});

describe('an entry that is to live shorter', () => {
  it('says so itself, and nothing else about it changes', () => {
    const before = decodeEntry(entry().bytes, 'k');
    const { bytes, ttlMs, freshUntil } = shortened(entry(), 15_000);
    expect([ttlMs, freshUntil]).toEqual([15_000, 16_000]);
    expect(decodeEntry(bytes, 'k')).toEqual({ ...before, freshUntil: 16_000 });
  });

  it('never lives longer than before', () => {
    expect(shortened(entry(), 70_000)).toMatchObject({ ttlMs: 60_000, freshUntil: 61_000 });
  });
});
