import { describe, expect, it } from 'vitest';
import { ParameterError } from './errors.ts';
import { key } from './key-template.ts';
import { slotOf } from './slot.ts';

const orders = key('shop:<shop>:{user:<user>}:orders:<page>');

describe('matching', () => {
  it('leaves open what is not given', () => {
    expect(orders.matching({}).glob).toBe('shop:*:{user:*}:orders:*');
    expect(orders.matching({ user: 7, page: 'a*' }).glob).toBe('shop:*:{user:7}:orders:a%2A');
    expect(orders.matching({}).template).toBe('shop:<shop>:{user:<user>}:orders:<page>');
  });

  it('escapes what has a meaning in a glob', () => {
    expect(key('a*b?c[d]e\\f^g-h:<x>').matching({}).glob).toBe('a\\*b\\?c\\[d\\]e\\\\f^g-h:*');
    expect(key('<x>:*').matching({ x: 1 }).glob).toBe('1:\\*');
  });

  it('knows the slot when all of the hash tag is given', () => {
    expect(orders.matching({ user: 7 }).slot).toBe(slotOf('user:7'));
    expect(orders.matching({ shop: 1, page: 2 }).slot).toBeUndefined();
    expect(key('{<a>:<b>}').matching({ a: 1 }).slot).toBeUndefined();
    expect(key('{all*}:<a>').matching({}).slot).toBe(slotOf('all*'));
  });

  it('knows the slot of a template without hash tag only when it is one key', () => {
    expect(key('a:<a>:<b>').matching({ a: 1 }).slot).toBeUndefined();
    expect(key('a:<a>:<b>').matching({ a: 1, b: 2 }).slot).toBe(slotOf('a:1:2'));
    expect(key('a').matching({}).slot).toBe(slotOf('a'));
  });

  it('matches its own keys and nothing that only looks like them', () => {
    const pattern = orders.matching({ user: 'ü' });
    expect(pattern.matches(orders({ shop: '', user: 'ü', page: 1 }).text)).toBe(true);
    expect(pattern.matches(orders({ shop: '', user: 'u', page: 1 }).text)).toBe(false);
    expect(pattern.matches('shop:a:b:{user:%C3%BC}:orders:1')).toBe(false);
  });

  it.each([
    [{ user: undefined }, 'KEYS_MISSING_PARAMETER', /leave it out to match every value/],
    [{ usr: 1 }, 'KEYS_UNKNOWN_PARAMETER', /allowed: <shop>, <user>, <page>/],
    [{ user: null }, 'KEYS_INVALID_PARAMETER', /got null/],
    [undefined, 'KEYS_PARAMETERS_NOT_AN_OBJECT', /got a value of type undefined/],
  ])('refuses %j with %s', (given, code, message) => {
    const { matching } = orders;
    const match = () => void Reflect.apply(matching, undefined, [given]);
    expect(match).toThrow(ParameterError);
    expect(match).toThrow(expect.objectContaining({ code }));
    expect(match).toThrow(message);
  });
});
