import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messagesOf, parseMessage } from './message.ts';

const LARGEST = 1_000_000;

function parse(value: unknown) {
  return parseMessage(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
}

describe('a message', () => {
  it.each(['deleted', 'doubtful', 'replaced'] as const)('of the kind %s arrives as it was told', (kind) => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 50 }), (keys) => {
        const messages = [...messagesOf({ from: 'me', kind, keys })].map(parse);
        expect(messages).toEqual([{ from: 'me', kind, keys }]);
      }),
      { numRuns: 200 },
    );
  });

  it('holds a thousand keys at most, and the rest goes into others', () => {
    const keys = Array.from({ length: 2_500 }, (_, i) => `places:{place:${i}}:detail`);
    const proofs = keys.map((_, i) => `proof ${i}`);
    const parts = [...messagesOf({ from: 'me', kind: 'doubtful', keys, proofs })].map(parse);
    expect(parts.map((each) => each?.keys.length)).toEqual([1_000, 1_000, 500]);
    expect(parts.flatMap((each) => each?.keys)).toEqual(keys);
    expect(parts.flatMap((each) => each?.proofs)).toEqual(proofs);
  });

  it('of long keys is no larger than what everybody accepts', () => {
    const keys = Array.from({ length: 100 }, (_, i) => `${'\u0001ä"'.repeat(6_000)}${i}`);
    const proofs = keys.map(() => 'x'.repeat(100));
    const messages = [...messagesOf({ from: 'me', kind: 'deleted', keys, proofs })];
    expect(Math.max(...messages.map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(LARGEST);
    expect(messages.flatMap((text) => parse(text)?.keys ?? [])).toEqual(keys);
  });

  it('about no keys is not sent', () => {
    expect([...messagesOf({ from: 'me', kind: 'deleted', keys: [] })]).toEqual([]);
  });
});

describe('what is no message', () => {
  const good = { v: 1, from: 'me', kind: 'deleted', keys: ['a'] };

  it.each([
    ['the empty text', ''],
    ['no JSON', '{'],
    ['null', null],
    ['a number', 1],
    ['an array', [good]],
    ['another version', { ...good, v: 2 }],
    ['no version', { ...good, v: undefined }],
    ['no sender', { ...good, from: undefined }],
    ['a sender that is no text', { ...good, from: 1 }],
    ['a sender that is too long', { ...good, from: 'x'.repeat(101) }],
    ['a kind that nobody knows', { ...good, kind: 'flushed' }],
    ['a kind that is a name of every object', { ...good, kind: 'toString' }],
    ['no keys', { ...good, keys: undefined }],
    ['keys that are no list', { ...good, keys: { length: 1, 0: 'a' } }],
    ['a key that is no text', { ...good, keys: ['a', null] }],
    ['proofs that are no list', { ...good, proofs: 'a' }],
    ['fewer proofs than keys', { ...good, proofs: [] }],
    ['a proof that is no text', { ...good, proofs: [null] }],
    ['a proof that is too long', { ...good, proofs: ['x'.repeat(101)] }],
    ['too many keys', { ...good, keys: Array.from({ length: 1_001 }, () => 'a') }],
    ['brackets without end', '['.repeat(900_000)],
  ])('%s', (_, value) => {
    expect(parse(value)).toBeUndefined();
  });

  it('is not even read when it is too large', () => {
    const large = JSON.stringify({ ...good, keys: ['a'.repeat(LARGEST)] });
    expect(parse(large)).toBeUndefined();
  });

  it('is recognised as such in random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseMessage(Buffer.from(bytes))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});
