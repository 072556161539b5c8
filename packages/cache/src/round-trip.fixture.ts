import * as fc from 'fast-check';
import { Unencodable } from './codec.ts';
import { EntryFormat } from './entry-format.ts';
import type { FormatOptions } from './entry-options.ts';
import { header, key, Money, token } from './samples.fixture.ts';

/** A value as another process would get it. */
export function afterRoundTrip(value: unknown, options: FormatOptions = {}): unknown {
  const format = new EntryFormat(options);
  const found = format.decode(format.encode(token, key, value, header), key);
  if (found.kind === 'value') return found.value;
  throw new Error(found.kind === 'lease' ? 'a lease' : found.why);
}

export function whyNot(value: unknown, options: FormatOptions = {}): string {
  try {
    new EntryFormat(options).encode(token, key, value, header);
  } catch (error) {
    if (error instanceof Unencodable) return error.message;
    throw error;
  }
  return 'it was encoded';
}

/** A list in a list in a list. */
export function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 1; i < depth; i++) value = [value];
  return value;
}

const anyText = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme' }) },
  // Any UTF-16 there can be, also such as no UTF-8 holds.
  fc.array(fc.nat(0xffff), { maxLength: 8 }).map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'toJSON', 'then'),
);
const anyBigInt = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.bigInt({ min: -(2n ** 8_000n), max: 2n ** 8_000n }),
);

/** Any value that can be stored, with instances of {@link Money} in it. */
export const { anyValue } = fc.letrec<{ anyValue: unknown }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(null, true, false, 0, -0, '', Number.NaN, Infinity, -Infinity),
    fc.integer(),
    fc.double(),
    anyText,
    anyBigInt,
    fc.date({ noInvalidDate: true }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.int16Array(),
    fc.float64Array(),
    fc.nat().map((cents) => new Money(cents)),
    fc.array(fc.oneof(tie('anyValue'), fc.constant(undefined))),
    // Fields are defined, not set, so that any name can be one.
    fc.array(fc.tuple(anyText, fc.oneof(tie('anyValue'), fc.constant(undefined)))).map(Object.fromEntries),
    fc.array(fc.tuple(tie('anyValue'), tie('anyValue'))).map((pairs) => new Map(pairs)),
    fc.array(tie('anyValue')).map((values) => new Set(values)),
  ),
}));
