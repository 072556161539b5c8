import { InvalidOptionError } from '@keyslot/kernel';
import { slotOf } from '@keyslot/keys';
import { describe, expect, it, vi } from 'vitest';
import { Ledger } from './call.fixture.ts';
import { Calls } from './calls.ts';
import { CrossSlotError } from './errors.ts';

const calls = new Calls(new Ledger(), 250);
const write = (name: string, ...args: (string | Buffer)[]) =>
  calls.byName(name, args, { safety: 'idempotent' });

describe('a call that is made by its name', () => {
  it('leaves nothing on the signal of a caller whose command is refused', () => {
    const { signal } = new AbortController();
    const listen = vi.spyOn(signal, 'addEventListener');
    expect(() => calls.byName('mget', ['a', 'b'], { signal })).toThrow(CrossSlotError);
    expect(listen).not.toHaveBeenCalled();
  });

  it('is refused when it lacks a key', () => {
    expect(() => calls.byName('get', [], {})).toThrow(InvalidOptionError);
    expect(() => calls.byName('eval', ['return 1', 2, 'a'], {})).toThrow(InvalidOptionError);
  });

  it('knows the key of a command that ioredis does not know', () => {
    const call = write('DELIFEQ', 'k', 'v');
    expect([call.slot, call.orderKey]).toEqual([slotOf('k'), 'k']);
    expect(() => write('delifeq')).toThrow(InvalidOptionError);
  });

  it('knows all keys of a write, each once', () => {
    const { orderKey, moreOrderKeys } = write('mset', '{k}1', 'v', '{k}2', 'v', '{k}1', 'v');
    expect([orderKey, moreOrderKeys]).toEqual(['{k}1', ['{k}2']]);
    const one = write('del', 'k', 'k');
    expect([one.orderKey, one.moreOrderKeys]).toEqual(['k', undefined]);
    expect(calls.byName('get', ['k'], {}).orderKey).toBeUndefined();
  });

  it('does not take keys for each other that are no text', () => {
    const bytes = [0x80, 0x81].map((byte) => write('del', Buffer.of(byte)).orderKey);
    expect(new Set(bytes).size).toBe(2);
    expect(write('del', Buffer.from('ä')).orderKey).toBe('ä');
  });

  it('replaces the value if it is a SET without conditions that leaves no expiry', () => {
    const replaces = (...args: string[]) => write('set', 'k', 'v', ...args).replaces;
    expect([replaces(), replaces('PX', '5'), replaces('NX'), replaces('keepttl')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
