import { DEEPEST, TOO_DEEP, TooLarge, Unencodable } from './codec.ts';

/**
 * JSON of a value that JSON gives back as it was. What it would change without a word, a Date, a Map, `NaN`, `-0`, is
 * refused: a hit must be what the load gave. A field that is `undefined` is left out.
 *
 * @throws {Unencodable} naming what JSON has no form for.
 * @throws {TooLarge} for more parts than there may be bytes.
 */
export function toJson(value: unknown, mostBytes: number): string {
  check(value, { most: mostBytes, left: mostBytes }, 0);
  return JSON.stringify(value);
}

/** How many more parts there may be; each takes a byte at least. */
interface Room {
  readonly most: number;
  left: number;
}

function check(value: unknown, room: Room, depth: number): void {
  if (--room.left < 0) throw new TooLarge(room.most + 1);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || Object.is(value, -0))
      throw lacking(Object.is(value, -0) ? '-0' : String(value));
    return;
  }
  if (typeof value !== 'object') throw lacking(typeof value);
  if (typeof (value as { readonly toJSON?: unknown }).toJSON === 'function') throw lacking(kindOf(value));
  if (depth === DEEPEST) throw new Unencodable(TOO_DEEP);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) check(value[i], room, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw lacking(kindOf(value));
  for (const each of Object.values(value)) if (each !== undefined) check(each, room, depth + 1);
}

function lacking(what: string): Unencodable {
  return new Unencodable(`it holds ${what}, which JSON has no form for`);
}

function kindOf(value: object): string {
  const { constructor } = value;
  return typeof constructor === 'function' && constructor.name !== ''
    ? `an object of ${constructor.name}`
    : 'an object of a class';
}
