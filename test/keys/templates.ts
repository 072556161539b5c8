import { type KeyTemplate, key } from '@keyslot/keys';
import * as fc from 'fast-check';

/** A template that the compiler knows nothing about, with what a test needs to know of it. */
export interface AnyTemplate {
  readonly template: KeyTemplate<string, unknown>;
  readonly names: readonly string[];
}

/** Any text at all: single code units, so also lone surrogates, control characters and both halves of pairs. */
export const anyText = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  // What a value would be made of if it wanted to be taken for something else.
  fc.string({
    unit: fc.constantFrom('{', '}', '<', '>', '%', '-', ':', '2', '5', '*', '\\', '?', '\ud800', '\udc00'),
  }),
);

const literal = fc.string({
  unit: fc.constantFrom(
    'a',
    'Z',
    '9',
    '_',
    '.',
    '~',
    '%',
    '-',
    ':',
    '/',
    '*',
    '?',
    '[',
    ']',
    '\\',
    '^',
    '$',
    '|',
    '(',
    '+',
    ' ',
    'é',
    '😀',
  ),
  maxLength: 4,
});
const separator = fc
  .tuple(literal, fc.constantFrom(':', '/', '*', '[', '\\', ' ', 'é'), literal)
  .map((texts) => texts.join(''));

/**
 * Any template: up to four parameters, of which some occur twice, literals full of characters that a glob or a
 * regular expression would take for its own, and in most cases a hash tag somewhere.
 */
export const anyTemplate: fc.Arbitrary<AnyTemplate> = fc
  .record({
    head: literal,
    params: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd_1'), separator), { maxLength: 4 }),
    tail: literal,
    braces: fc.option(fc.tuple(fc.nat(), fc.nat())),
  })
  .map(({ head, params, tail, braces }) => {
    const pieces = [
      head,
      ...params.flatMap(([name, after], at) => [`<${name}>`, at === params.length - 1 ? tail : after]),
    ];
    const names = [...new Set(params.map(([name]) => name))];
    if (braces === null) return { text: pieces.join(''), names };
    const open = braces[0] % pieces.length;
    const close = open + 1 + (braces[1] % (pieces.length - open));
    const tag = pieces.slice(open, close).join('');
    return { text: `${pieces.slice(0, open).join('')}{${tag || 't'}}${pieces.slice(close).join('')}`, names };
  })
  .filter(({ text }) => text !== '')
  .map(({ text, names }) => ({ template: key<string>(text), names }));

/** A template and values for its parameters. */
export const anyRendering = anyTemplate.chain((any) => valuesOf(any).map((values) => ({ ...any, values })));

/** A text for each parameter. */
export function valuesOf(
  { names }: AnyTemplate,
  value: fc.Arbitrary<string> = anyText,
): fc.Arbitrary<Record<string, string>> {
  return fc.record(Object.fromEntries(names.map((name) => [name, value])));
}
