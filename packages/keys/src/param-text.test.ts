import { describe, expect, it } from 'vitest';
import { decodeParam, encodeParam, paramText } from './param-text.ts';

const PAIRS: [value: string, text: string][] = [
  ['', '%-'],
  ['-', '-'],
  ['%-', '%25-'],
  ['42', '42'],
  ['AZaz09_.~-', 'AZaz09_.~-'],
  ['a:b', 'a%3Ab'],
  ['{x}', '%7Bx%7D'],
  ['<x>', '%3Cx%3E'],
  ["!'()*", '%21%27%28%29%2A'],
  ['\u0000\n\u007f', '%00%0A%7F'],
  ['Zürich', 'Z%C3%BCrich'],
  ['€', '%E2%82%AC'],
  ['😀', '%F0%9F%98%80'],
  ['\ufffd', '%EF%BF%BD'],
  ['\ud800', '%ED%A0%80'],
  ['\udfff', '%ED%BF%BF'],
  ['\udc00\ud800', '%ED%B0%80%ED%A0%80'],
  ['a\ud83d', 'a%ED%A0%BD'],
  ['퟿', '%ED%9F%BF'],
];

describe('encodeParam and decodeParam', () => {
  it.each(PAIRS)('%j is %s, both ways', (value, text) => {
    expect(encodeParam(value)).toBe(text);
    expect(decodeParam(text)).toBe(value);
  });

  it.each([
    ['%41', 'a character that stands for itself'],
    ['%3a', 'lower-case digits'],
    ['%C0%BA', 'an overlong sequence'],
    ['%FF', 'no UTF-8'],
    ['%C3', 'a cut sequence'],
    ['%ED%A0%BD%ED%B8%80', 'a pair of surrogates, each on its own'],
    ['%', 'no digits'],
    ['%4', 'one digit'],
    ['%-a', 'the empty mark and more'],
    ['a%-', 'the empty mark after more'],
    ['', 'nothing'],
    ['a:b', 'a character outside the alphabet'],
  ])('refuses to decode %j: %s', (text) => {
    expect(decodeParam(text)).toBeUndefined();
  });
});

describe('paramText', () => {
  it.each([
    [42, '42'],
    [42n, '42'],
    ['42', '42'],
    [0, '0'],
    [-0, '0'],
    [-1.5, '-1.5'],
    [1e-7, '1e-7'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [2n ** 64n, '18446744073709551616'],
    [true, 'true'],
    [false, 'false'],
  ])('%s is %s', (value, text) => {
    expect(paramText(value, 'p:<id>', 'id')).toBe(text);
  });

  it.each([
    [undefined, 'KEYS_MISSING_PARAMETER', 'is missing'],
    [null, 'KEYS_INVALID_PARAMETER', 'got null'],
    [{}, 'KEYS_INVALID_PARAMETER', 'got a value of type object'],
    [['a'], 'KEYS_INVALID_PARAMETER', 'got a value of type object'],
    [Symbol('s'), 'KEYS_INVALID_PARAMETER', 'got a value of type symbol'],
    [() => 1, 'KEYS_INVALID_PARAMETER', 'got a value of type function'],
    [Number.NaN, 'KEYS_INVALID_PARAMETER', 'not finite'],
    [Number.POSITIVE_INFINITY, 'KEYS_INVALID_PARAMETER', 'not finite'],
    [2 ** 53, 'KEYS_INVALID_PARAMETER', 'beyond 2^53 - 1'],
    [-1e300, 'KEYS_INVALID_PARAMETER', 'beyond 2^53 - 1'],
  ])('refuses %s with %s', (value, code, part) => {
    const render = () => paramText(value, 'p:<id>', 'id');
    expect(render).toThrow(expect.objectContaining({ code, template: 'p:<id>', parameter: 'id' }));
    expect(render).toThrow(part);
  });

  it('never shows a value', () => {
    expect(() => paramText(2 ** 53, 'p:<id>', 'id')).toThrow(/^(?!.*9007199254740992)/);
    expect(() => paramText(['secret'], 'p:<id>', 'id')).toThrow(/^(?!.*secret)/);
  });
});
