import { describe, expect, it } from 'vitest';
import { ParameterError } from './errors.ts';
import { key } from './key-template.ts';
import { slotOf } from './slot.ts';

const placeById = key('places:{place:<id>}:detail').holds<{ name: string }>();

describe('a template', () => {
  it('renders a key with its text, template, hash tag and slot', () => {
    const place = placeById({ id: 42 });
    expect([place.text, place.template, place.hashTag, place.slot]).toEqual([
      'places:{place:42}:detail',
      'places:{place:<id>}:detail',
      'place:42',
      slotOf('place:42'),
    ]);
    expect(place.slot).toBe(slotOf('place:42'));
  });

  it('takes a parameter for its text', () => {
    const texts = [placeById({ id: 42 }), placeById({ id: '42' }), placeById({ id: 42n })].map(
      ({ text }) => text,
    );
    expect(new Set(texts)).toEqual(new Set(['places:{place:42}:detail']));
  });

  it('lets no value open or close the hash tag', () => {
    const sneaky = key('<a>:{tag}:<b>')({ a: '{other}', b: '}{' });
    expect(sneaky.text).toBe('%7Bother%7D:{tag}:%7D%7B');
    expect(sneaky.hashTag).toBe('tag');
  });

  it('keeps a hash tag that is only an empty value from being empty', () => {
    expect(key('a:{<id>}')({ id: '' }).hashTag).toBe('%-');
  });

  it('renders a parameter wherever it stands', () => {
    expect(key('<id>:{<id>}:<id>')({ id: 'a b' }).text).toBe('a%20b:{a%20b}:a%20b');
  });

  it('is called without an argument when it has no parameters', () => {
    const all = key('places:all');
    expect(all().text).toBe('places:all');
    expect(all().hashTag).toBeUndefined();
    expect(() => void Reflect.apply(all, undefined, [{ id: 1 }])).toThrow(ParameterError);
  });

  it('stays itself when it is told what it holds', () => {
    const untyped = key('a:<id>');
    expect(untyped.holds<Date>()).toBe(untyped);
    expect(untyped.template).toBe('a:<id>');
  });

  it.each([
    [{}, 'KEYS_MISSING_PARAMETER', 'id'],
    [{ id: undefined }, 'KEYS_MISSING_PARAMETER', 'id'],
    [undefined, 'KEYS_MISSING_PARAMETER', 'id'],
    [{ di: 1 }, 'KEYS_MISSING_PARAMETER', 'id'],
    [{ id: 1, di: 1 }, 'KEYS_UNKNOWN_PARAMETER', 'di'],
    [{ id: 1, di: undefined }, 'KEYS_UNKNOWN_PARAMETER', 'di'],
    [{ id: 1, 'jo@example.org': 1 }, 'KEYS_UNKNOWN_PARAMETER', '…'],
    [{ id: null }, 'KEYS_INVALID_PARAMETER', 'id'],
    [null, 'KEYS_PARAMETERS_NOT_AN_OBJECT', undefined],
    [42, 'KEYS_PARAMETERS_NOT_AN_OBJECT', undefined],
    ['secret', 'KEYS_PARAMETERS_NOT_AN_OBJECT', undefined],
  ])('refuses %j with %s of %s, and shows the template only', (given, code, parameter) => {
    const render = () => void Reflect.apply(placeById, undefined, [given]);
    expect(render).toThrow(
      expect.objectContaining({ code, parameter, template: 'places:{place:<id>}:detail' }),
    );
    expect(render).toThrow('key "places:{place:<id>}:detail": ');
    expect(render).toThrow(/^(?!.*(secret|example))/);
  });

  it('takes nothing that every object inherits for a parameter', () => {
    expect(() => void Reflect.apply(key('a:<toString>'), undefined, [{}])).toThrow(ParameterError);
    expect(() => void Reflect.apply(key('a:<__proto__>'), undefined, [{}])).toThrow(ParameterError);
  });
});

describe('parse', () => {
  const template = key('<a>|*.{x:<b>}:<a>');

  it('reads the parameters back as text', () => {
    expect(template.parse(template({ a: 'ü|', b: 7 }).text)).toEqual({ a: 'ü|', b: '7' });
    expect(key('plain').parse('plain')).toEqual({});
    expect(key('a:<__proto__>').parse('a:b')).toEqual(Object.fromEntries([['__proto__', 'b']]));
  });

  it.each([
    ['1|*.{x:2}:3', 'a repeated parameter that disagrees'],
    ['1|*.{x:}:1', 'no text where a value belongs'],
    ['%41|*.{x:2}:%41', 'an encoding that is not its own'],
    ['1|*.{x:2}:1 ', 'more text'],
    [' 1|*.{x:2}:1', 'text before'],
    ['1|zz.{x:2}:1', 'a literal that a regular expression would take'],
    ['1|*z{x:2}:1', 'a literal that a regular expression would take'],
    ['1|*.{x:2}:1\n', 'a line end'],
    ['1|*.{x:a:b}:1', 'a character that no value renders'],
  ])('says undefined to %j: %s', (text) => {
    expect(template.parse('1|*.{x:2}:1')).toEqual({ a: '1', b: '2' });
    expect(template.parse(text)).toBeUndefined();
  });

  it('takes linear time over a text that almost fits', () => {
    const many = key('<a>x:<b>x:<c>x:<d>x:<e>');
    const started = performance.now();
    expect(many.parse(`${'x'.repeat(50_000)}:${'x'.repeat(50_000)}`)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('givesUp', () => {
  it('is one sentence about a template without a hash tag', () => {
    expect(key('places:<id>').givesUp).toMatch(/^Without a hash tag [^.]*\.$/);
  });

  it('is one sentence about a hash tag that puts all keys in one slot', () => {
    expect(key('{places}:<id>').givesUp).toMatch(/one slot: one shard [^.]*\.$/);
  });

  it.each(['places:{<id>}', '{a:<a>}:<b>', '{one}:key'] as const)('is undefined for %s', (template) => {
    expect(key<string>(template).givesUp).toBeUndefined();
  });
});
