import { DEEPEST, TooLarge } from './codec.ts';

/**
 * What a value needs. `json`: JSON holds it exactly, and reads it faster than MessagePack would. `msgpack`: MessagePack
 * holds it as it is. `tagged`: there is something in it that has to be taken apart first, or refused.
 */
export type Need = 'json' | 'msgpack' | 'tagged';

// Where JSON stops being the faster one to read: MessagePack names the fields of alike objects once, numbers and long
// texts need no parsing in it, but each payload costs it a fixed price.
const MOST_OBJECTS = 4;
const MOST_ITEMS = 24;
const MOST_CHARACTERS = 1_000;

/** What msgpackr gives back as it was. */
const NATIVE: ReadonlySet<unknown> = new Set(
  [
    Date,
    RegExp,
    Buffer,
    ArrayBuffer,
    DataView,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((each) => each.prototype as unknown),
);

/** Whether msgpackr gives an object with this prototype back as it was. */
export function isNative(prototype: unknown): boolean {
  return NATIVE.has(prototype);
}

/**
 * Looks at every part of a value once before it is written. It reads and copies nothing, so that the usual value, plain
 * data, costs little.
 *
 * @throws {TooLarge} once there are more parts than there may be bytes.
 */
export function survey(value: unknown, mostBytes: number): Need {
  if (typeof value === 'string') return value.isWellFormed() ? 'msgpack' : 'tagged';
  const surveyor = new Surveyor(mostBytes);
  if (!surveyor.passes(value, 0)) return 'tagged';
  return surveyor.isJson && surveyor.isSmall ? 'json' : 'msgpack';
}

class Surveyor {
  readonly #mostBytes: number;
  #nodes = 0;
  #objects = 0;
  #items = 0;
  #characters = 0;
  isJson = true;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get isSmall(): boolean {
    return this.#objects <= MOST_OBJECTS && this.#items <= MOST_ITEMS && this.#characters <= MOST_CHARACTERS;
  }

  /** Whether MessagePack holds it as it is. */
  passes(value: unknown, depth: number): boolean {
    // Each part takes a byte at least. What shares its parts may be small in memory and endless when written.
    if (++this.#nodes > this.#mostBytes) throw new TooLarge(this.#nodes);
    switch (typeof value) {
      case 'string':
        this.#characters += value.length;
        return value.isWellFormed();
      case 'number':
        if (value === 0) return !Object.is(value, -0);
        if (!Number.isFinite(value)) this.isJson = false;
        return true;
      case 'boolean':
        return true;
      case 'undefined':
      case 'bigint':
        this.isJson = false;
        return true;
      case 'object':
        if (value === null) return true;
        return depth < DEEPEST && this.#passesObject(value, depth + 1);
      case 'function':
      case 'symbol':
        return false;
    }
  }

  #passesObject(value: object, depth: number): boolean {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#passesFields(value, depth);
    if (prototype === Array.prototype && Array.isArray(value)) return this.#passesItems(value, depth);
    this.isJson = false;
    if (prototype === null) return this.#passesFields(value, depth);
    if (prototype === Map.prototype && value instanceof Map) return this.#passesPairs(value, depth);
    if (prototype === Set.prototype && value instanceof Set) return this.#passesMembers(value, depth);
    return isNative(prototype);
  }

  #passesFields(value: object, depth: number): boolean {
    this.#objects++;
    // A method that no field shows would be asked by JSON, and answer something else.
    if ('toJSON' in value) this.isJson = false;
    const fields = value as Record<string, unknown>;
    // Not over a list of the names: in this form the fields are read faster. What somebody put into Object.prototype is
    // looked at too, and does no harm.
    for (const name in fields) {
      // msgpackr renames this one, for fear of what it does to careless readers.
      if (name === '__proto__' || !name.isWellFormed()) return false;
      if (!this.passes(fields[name], depth)) return false;
    }
    return true;
  }

  #passesItems(value: readonly unknown[], depth: number): boolean {
    this.#items += value.length;
    if ('toJSON' in value) this.isJson = false;
    for (let i = 0; i < value.length; i++) if (!this.passes(value[i], depth)) return false;
    return true;
  }

  #passesPairs(value: ReadonlyMap<unknown, unknown>, depth: number): boolean {
    for (const [key, each] of value) if (!this.passes(key, depth) || !this.passes(each, depth)) return false;
    return true;
  }

  #passesMembers(value: ReadonlySet<unknown>, depth: number): boolean {
    for (const each of value) if (!this.passes(each, depth)) return false;
    return true;
  }
}
