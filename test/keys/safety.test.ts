import { hashTagOf, key, slotOf } from '@keyslot/keys';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyRendering, anyTemplate, anyText, valuesOf } from './templates.ts';

/** Short texts of characters that could shift the border between a value and what follows it. */
const CONFUSING = ['', ...texts(['a', ':', '%', '-', '{', '}', '\ud83d', '\ude00', '\ufffd', '2', '5'], 2)];

describe('a rendered key', () => {
  it('gives its parameters back, so different parameters give different keys', () => {
    fc.assert(
      fc.property(anyRendering, ({ template, values }) => {
        expect(template.parse(template(values).text)).toEqual(values);
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    '<a>:<b>',
    '<a>a:a<b>',
    '{<a>}<b>',
    '<a>{<b>}',
    '{<a>:<b>}',
    '<a>:%<b>',
    '<a>--:5<b>2',
    'a<a>:{a}<b>a',
  ] as const)('differs for each of all pairs of confusing values in %s', (text) => {
    const template = key(text);
    const seen = new Set(CONFUSING.flatMap((a) => CONFUSING.map((b) => template({ a, b }).text)));
    expect(seen.size).toBe(CONFUSING.length ** 2);
  });

  it('has no brace but those of its template, and no text that Node would change', () => {
    fc.assert(
      fc.property(anyRendering, ({ template, values }) => {
        const { text } = template(values);
        const braces = (of: string) => of.replace(/[^{}]/g, '');
        expect(braces(text)).toBe(braces(template.template));
        expect(Buffer.from(text).toString()).toBe(text);
      }),
    );
  });

  it('has the slot that its hash tag chooses, whatever the other parameters are', () => {
    const template = key('<a>:x{t:<b>:<c>}y:<d>');
    fc.assert(
      fc.property(
        fc.record({ a: anyText, b: anyText, c: anyText, d: anyText }),
        anyText,
        anyText,
        (values, a, d) => {
          const one = template(values);
          const other = template({ ...values, a, d });
          expect(other.hashTag).toBe(one.hashTag);
          expect(other.slot).toBe(one.slot);
          expect(one.slot).toBe(slotOf(one.text));
          expect(one.hashTag).toBe(key('t:<b>:<c>')({ b: values.b, c: values.c }).text);
        },
      ),
    );
  });

  it('has a hash tag exactly when its template has braces', () => {
    fc.assert(
      fc.property(anyRendering, ({ template, values }) => {
        const { hashTag, text } = template(values);
        expect(hashTag !== undefined).toBe(template.template.includes('{'));
        expect(hashTag).toBe(hashTagOf(text));
      }),
    );
  });
});

describe('parse', () => {
  it('takes only what the template renders', () => {
    const text = fc.oneof(
      anyText,
      fc.string({
        unit: fc.constantFrom('a', ':', '%', '4', '1', 'C', '3', 'B', 'C', 'E', 'D', '-', '{', '}'),
        maxLength: 12,
      }),
    );
    fc.assert(
      fc.property(anyTemplate, text, ({ template }, candidate) => {
        const params = template.parse(candidate);
        expect(params ? template(params).text : candidate).toBe(candidate);
      }),
      { numRuns: 2_000 },
    );
    const loose = key('<a>:<b>');
    fc.assert(
      fc.property(text, text, (a, b) => {
        const params = loose.parse(`${a}:${b}`);
        expect(params ? loose(params).text : `${a}:${b}`).toBe(`${a}:${b}`);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('matching', () => {
  const withPattern = anyTemplate.chain((any) =>
    fc.record({
      template: fc.constant(any.template),
      values: valuesOf(any),
      others: valuesOf(any),
      given: fc.subarray([...any.names]),
    }),
  );

  it('matches a key exactly when the given parameters are its own', () => {
    fc.assert(
      fc.property(withPattern, ({ template, values, others, given }) => {
        const pattern = template.matching(
          Object.fromEntries(given.map((name) => [name, values[name] ?? ''])),
        );
        expect(pattern.matches(template(values).text)).toBe(true);
        expect(pattern.matches(template(others).text)).toBe(
          given.every((name) => values[name] === others[name]),
        );
      }),
    );
  });

  it('names the slot of every key that it matches, or none', () => {
    fc.assert(
      fc.property(withPattern, ({ template, values, others, given }) => {
        const fixed = Object.fromEntries(given.map((name) => [name, values[name] ?? '']));
        const { slot } = template.matching(fixed);
        const rendered = template({ ...others, ...fixed });
        expect(slot ?? rendered.slot).toBe(rendered.slot);
      }),
    );
  });
});

/** Every text of one to `most` of the given characters. */
function texts(characters: readonly string[], most: number): string[] {
  if (most === 0) return [];
  const shorter = texts(characters, most - 1);
  const longest = most === 1 ? [...characters] : shorter.filter((text) => text.length === most - 1);
  return most === 1
    ? longest
    : [...shorter, ...longest.flatMap((text) => characters.map((character) => text + character))];
}
