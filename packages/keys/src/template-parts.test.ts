import { InvalidOptionError } from '@keyslot/kernel';
import { describe, expect, it } from 'vitest';
import { TemplateError } from './errors.ts';
import { templateParts } from './template-parts.ts';

describe('templateParts', () => {
  it('takes a template apart', () => {
    expect(templateParts('a:<x>:{b:<y>/<x>}:c')).toEqual({
      template: 'a:<x>:{b:<y>/<x>}:c',
      head: 'a:',
      gaps: [
        { name: 'x', after: ':{b:' },
        { name: 'y', after: '/' },
        { name: 'x', after: '}:c' },
      ],
      params: ['x', 'y'],
      tagParams: ['y', 'x'],
    });
  });

  it.each([
    ['', 'KEYS_EMPTY_TEMPLATE'],
    ['places:{}', 'KEYS_EMPTY_HASH_TAG'],
    ['{}:<id>', 'KEYS_EMPTY_HASH_TAG'],
    ['places:{<id>', 'KEYS_UNBALANCED_BRACES'],
    ['places:<id>}', 'KEYS_UNBALANCED_BRACES'],
    ['places:}<id>{', 'KEYS_UNBALANCED_BRACES'],
    ['a}{b}', 'KEYS_UNBALANCED_BRACES'],
    ['{a}}', 'KEYS_UNBALANCED_BRACES'],
    ['{a{b}}', 'KEYS_NESTED_BRACES'],
    ['{{a}', 'KEYS_NESTED_BRACES'],
    ['{a}{b}', 'KEYS_SECOND_HASH_TAG'],
    ['{a}{', 'KEYS_SECOND_HASH_TAG'],
    ['a:<>', 'KEYS_PARAMETER_SYNTAX'],
    ['a:<1a>', 'KEYS_PARAMETER_SYNTAX'],
    ['a:<a b>', 'KEYS_PARAMETER_SYNTAX'],
    ['a:<a-b>', 'KEYS_PARAMETER_SYNTAX'],
    ['a:<é>', 'KEYS_PARAMETER_SYNTAX'],
    ['a:<a', 'KEYS_PARAMETER_SYNTAX'],
    ['a>:b', 'KEYS_PARAMETER_SYNTAX'],
    ['a:<<a>>', 'KEYS_PARAMETER_SYNTAX'],
    ['a:<{b}>', 'KEYS_PARAMETER_SYNTAX'],
    ['a:<b}c>{', 'KEYS_PARAMETER_SYNTAX'],
    ['<a><b>', 'KEYS_ADJACENT_PARAMETERS'],
    ['<a>-<b>', 'KEYS_ADJACENT_PARAMETERS'],
    ['<a>.<b>', 'KEYS_ADJACENT_PARAMETERS'],
    ['<a>_x1~<b>', 'KEYS_ADJACENT_PARAMETERS'],
    ['<a>%-<b>', 'KEYS_ADJACENT_PARAMETERS'],
    ['<a>:<b>x<c>', 'KEYS_ADJACENT_PARAMETERS'],
    ['<a><a>', 'KEYS_ADJACENT_PARAMETERS'],
    ['a\n:<id>', 'KEYS_FORBIDDEN_CHARACTER'],
    ['a\u0000', 'KEYS_FORBIDDEN_CHARACTER'],
    ['a\u0085', 'KEYS_FORBIDDEN_CHARACTER'],
    ['a\ud800', 'KEYS_FORBIDDEN_CHARACTER'],
  ])('refuses %j with %s, and shows it', (template, code) => {
    const take = () => templateParts(template);
    expect(take).toThrow(TemplateError);
    expect(take).toThrow(expect.objectContaining({ code, template }));
    expect(take).toThrow(`key ${JSON.stringify(template)}: `);
  });

  it.each([
    '<a>{<b>}',
    '{<a>}<b>',
    '<a>:-<b>',
    '<a>-é<b>',
    'a-<a>-b',
    '<a>',
    'plain',
    '{plain}',
    'with space 😀:<_x9>',
  ])('allows %j', (template) => {
    expect(templateParts(template).template).toBe(template);
  });

  it('says which brace is too many', () => {
    expect(() => templateParts('a:{<id>')).toThrow('a { is never closed');
    expect(() => templateParts('a:<id>}')).toThrow('a } closes nothing');
  });

  it.each([undefined, null, 42, {}])('refuses %j, which is no text', (template) => {
    expect(() => void Reflect.apply(templateParts, undefined, [template])).toThrow(InvalidOptionError);
  });
});
