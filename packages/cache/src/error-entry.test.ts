import { describe, expect, it } from 'vitest';
import { errorEntry, failureIn, failureOf, failureOfEnded, failureOfEntry, noteOf } from './error-entry.ts';
import { newToken } from './token.ts';

describe('what is shared of a failure', () => {
  it('is what kind of error it was, and never its message', () => {
    const error = Object.assign(new TypeError('card 4111 1111'), { code: 'E_CARD' });
    const failure = failureOf(error);
    expect(failure).toEqual({ name: 'TypeError', code: 'E_CARD' });
    expect(noteOf(failure)).not.toContain('4111');
  });

  it.each([[undefined], [null], ['thrown text'], [{ name: 'not a name', code: 5 }], [42]])(
    'of %j is little',
    (thrown) => {
      expect(failureOf(thrown)).toEqual({ name: 'Error', code: undefined });
    },
  );

  it('comes back from an entry and from a note', () => {
    const failure = { name: 'RangeError', code: undefined };
    expect(failureOfEntry(errorEntry(newToken(), failure))).toEqual(failure);
    expect(failureIn(Buffer.from(noteOf(failure)))).toEqual(failure);
  });

  it('comes back from what a lease left in its place, which is no error entry', () => {
    const bytes = Buffer.concat([Buffer.from('F'), newToken(), Buffer.from('["RangeError","E_DOWN"]')]);
    expect(failureOfEnded(bytes)).toEqual({ name: 'RangeError', code: 'E_DOWN' });
    expect(failureOfEntry(bytes)).toBeUndefined();
    expect(failureOfEnded(errorEntry(newToken(), { name: 'Error', code: undefined }))).toBeUndefined();
    expect(failureOfEnded(bytes.subarray(0, 17))).toBeUndefined();
  });

  it.each(['', '{}', '[]', '[5]', '["a b"]', 'null', '[', '"a"', `["${'a'.repeat(300)}"]`])(
    'is none in %j',
    (note) => {
      expect(failureIn(Buffer.from(note))).toBeUndefined();
    },
  );

  it('is none in other entries', () => {
    expect(
      failureOfEntry(Buffer.concat([Buffer.from('V'), newToken(), Buffer.from('["Error"]')])),
    ).toBeUndefined();
  });
});
