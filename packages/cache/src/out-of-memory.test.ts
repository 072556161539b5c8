import { CommandFailedError, OutcomeUnknownError } from '@keyslot/cluster';
import { describe, expect, it } from 'vitest';
import { isOutOfMemory } from './out-of-memory.ts';

describe('a refusal for want of memory', () => {
  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", true],
    ['OOM', true],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', false],
    ['ERR OOM', false],
  ])('is told by the code of the reply: %s', (message, expected) => {
    expect(isOutOfMemory(new CommandFailedError('SET', message))).toBe(expected);
  });

  it('is nothing else', () => {
    expect(isOutOfMemory(new OutcomeUnknownError('SET'))).toBe(false);
    expect(isOutOfMemory(new Error('OOM'))).toBe(false);
    expect(isOutOfMemory('OOM')).toBe(false);
  });
});
