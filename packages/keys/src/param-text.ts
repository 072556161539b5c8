import { ParameterError } from './errors.ts';

/*
 * A parameter's text inside a key is percent-encoded UTF-8: letters, digits and `_ . ~ -` stand for themselves,
 * every other byte is `%` and two uppercase digits. That is a one-to-one mapping onto an alphabet without braces,
 * so no value opens or closes a hash tag and no two values meet. Two cases need a word:
 *
 * - a lone surrogate has no UTF-8. Node would send U+FFFD for each of them, so different values would become one
 *   key; it is encoded by the same arithmetic as its neighbours (WTF-8) instead;
 * - the empty text is `%-`, which nothing else renders to, so a hash tag is never empty.
 */

/** Every character that a rendered value can contain, as the inside of a regular expression's class. */
export const ENCODED_ALPHABET = 'A-Za-z0-9_.~%-';

const PLAIN = /^[A-Za-z0-9_.~-]+$/;
const ENCODED = /[^A-Za-z0-9_.~-]/gu;
const EMPTY = '%-';
const ENCODED_SURROGATE = /%ED%([AB][0-9A-F])%([89AB][0-9A-F])/g;

/**
 * The text of a parameter's value inside a key.
 *
 * @throws {ParameterError} for anything but a string, a number that is exact, a bigint or a boolean.
 */
export function paramText(value: unknown, template: string, name: string): string {
  if (typeof value === 'string') return encodeParam(value);
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return `${value}`;
    return inexactOrText(value, template, name);
  }
  if (typeof value === 'bigint' || typeof value === 'boolean') return `${value}`;
  if (value === undefined) {
    throw new ParameterError('KEYS_MISSING_PARAMETER', template, name, 'is missing; give it a value');
  }
  throw invalid(template, name, value === null ? 'null' : `a value of type ${typeof value}`);
}

function inexactOrText(value: number, template: string, name: string): string {
  if (!Number.isFinite(value)) throw invalid(template, name, 'a number that is not finite');
  if (Number.isInteger(value))
    throw invalid(template, name, 'a whole number beyond 2^53 - 1, which is not exact');
  return encodeParam(`${value}`);
}

function invalid(template: string, name: string, received: string): ParameterError {
  return new ParameterError(
    'KEYS_INVALID_PARAMETER',
    template,
    name,
    `got ${received}; allowed: a string, a finite and exact number, a bigint, a boolean`,
  );
}

/** One-to-one from any string to a non-empty text of the encoded alphabet. */
export function encodeParam(value: string): string {
  if (PLAIN.test(value)) return value;
  return value === '' ? EMPTY : value.replace(ENCODED, encodeCharacter);
}

/** The value whose encoding is exactly `text`, or `undefined` when there is none. */
export function decodeParam(text: string): string | undefined {
  if (PLAIN.test(text)) return text;
  if (text === EMPTY) return '';
  try {
    const value = decodeURIComponent(text.replace(ENCODED_SURROGATE, decodeSurrogate));
    return encodeParam(value) === text ? value : undefined;
  } catch {
    // A URIError: these bytes are not UTF-8, so no value has this encoding. That is the answer, not a failure.
    return undefined;
  }
}

function encodeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return percent(code);
  if (code < 0xd800 || code > 0xdfff) return encodeURIComponent(character);
  return percent(0xe0 | (code >> 12)) + percent(0x80 | ((code >> 6) & 0x3f)) + percent(0x80 | (code & 0x3f));
}

function decodeSurrogate(_: string, second: string, third: string): string {
  return String.fromCharCode(
    0xd000 | ((Number.parseInt(second, 16) & 0x3f) << 6) | (Number.parseInt(third, 16) & 0x3f),
  );
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
