import { describe, expect, it } from 'vitest';
import { EntryFormat } from './entry-format.ts';
import { shortened } from './shortened.ts';
import { newToken } from './token.ts';

const format = new EntryFormat();
const token = newToken();
const entry = () => ({
  bytes: format.encode(token, 'k', 'value', { writtenAt: 1_000, freshUntil: 61_000, loadMs: 7 }),
  writtenAt: 1_000,
  freshUntil: 61_000,
  ttlMs: 60_000,
});

describe('an entry that is to live shorter', () => {
  it('says so itself, and nothing else about it changes', () => {
    const before = format.decode(entry().bytes, 'k');
    const { bytes, ttlMs, freshUntil } = shortened(entry(), 15_000);
    expect([ttlMs, freshUntil]).toEqual([15_000, 16_000]);
    expect(format.decode(bytes, 'k')).toEqual({ ...before, freshUntil: 16_000, staleUntil: 16_000 });
  });

  it('never lives longer than before', () => {
    expect(shortened(entry(), 70_000)).toMatchObject({ ttlMs: 60_000, freshUntil: 61_000 });
  });
});
