import { types as is } from 'node:util';
import { C1 } from 'msgpackr';
import { DEEPEST, TOO_DEEP, TooLarge, Unencodable } from './codec.ts';
import { isNative } from './codec-survey.ts';

/**
 * A class whose instances can be stored.
 *
 * @example
 * ```ts run
 * import type { ValueType } from '@keyslot/cache';
 *
 * class Money {
 *   readonly cents: number;
 *   constructor(cents: number) {
 *     this.cents = cents;
 *   }
 * }
 *
 * const money: ValueType<Money, number> = {
 *   name: 'money',
 *   class: Money,
 *   toPlain: ({ cents }) => cents,
 *   fromPlain: (cents) => new Money(cents),
 * };
 *
 * money.fromPlain(money.toPlain(new Money(250))).cents; // => 250
 * ```
 */
export interface ValueType<Instance extends object = object, Plain = unknown> {
  /** Stands in the entry for the class; classes may be renamed, this must not. 1 to 64 letters, digits, `.`, `_`, `~`, `-`. */
  readonly name: string;

  /** The class. Only its own instances: a subclass is a type of its own. */
  readonly class: abstract new (
    ...args: never[]
  ) => Instance;

  /** What is stored in the instance's place: plain data, or what is registered itself. */
  toPlain(instance: Instance): Plain;

  /** An instance again. When it throws, the entry is a miss. */
  fromPlain(plain: Plain): Instance;
}

/** What becomes of an instance of a class that is not registered. */
export type Instances = 'refuse' | 'plain';

// A tag is an array that begins with msgpackr's C1, a token that MessagePack never uses: no value has one in it, so that
// nothing has to be escaped. The numbers are part of the format.
const MINUS_ZERO = 0;
const UTF_16 = 1;
const FIELDS = 2;
const ERROR = 3;
const FLOAT_16 = 4;
const LINK = 5;
const INSTANCE = 6;

interface Float16Like {
  new (buffer: ArrayBuffer): ArrayBufferView;
  readonly prototype: object;
}

/** Absent before Node 24. */
const Float16 = (globalThis as { readonly Float16Array?: Float16Like }).Float16Array;

const ERRORS = new Map<unknown, ErrorConstructor>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((each) => [
    each.name,
    each,
  ]),
);

/**
 * Takes values apart that MessagePack would change, and puts them together again: `-0`, texts with half a surrogate
 * pair, fields named `__proto__`, errors, `Float16Array`, `URL`, and instances of registered classes.
 */
export class Tagger {
  readonly #byPrototype = new Map<unknown, ValueType>();
  readonly #byName = new Map<unknown, ValueType>();
  readonly #instances: Instances;
  readonly #mostBytes: number;
  #nodes = 0;

  constructor(types: readonly ValueType[], instances: Instances, mostBytes: number) {
    for (const type of types) {
      this.#byPrototype.set(type.class.prototype, type);
      this.#byName.set(type.name, type);
    }
    this.#instances = instances;
    this.#mostBytes = mostBytes;
  }

  /**
   * A copy of `value` that MessagePack holds as it is.
   *
   * @throws {Unencodable} for functions, symbols, cycles, and instances of classes that are not registered.
   */
  tag(value: unknown): unknown {
    this.#nodes = 0;
    return this.#tag(value, 0);
  }

  #tag(value: unknown, depth: number): unknown {
    // Each part takes a byte at least. What shares its parts may be small in memory and endless when written.
    if (++this.#nodes > this.#mostBytes) throw new TooLarge(this.#nodes);
    switch (typeof value) {
      case 'number':
        return Object.is(value, -0) ? [C1, MINUS_ZERO] : value;
      case 'string':
        return value.isWellFormed() ? value : [C1, UTF_16, Buffer.from(value, 'utf16le')];
      case 'function':
      case 'symbol':
        throw new Unencodable(`it holds a ${typeof value}`);
      case 'object':
        if (value === null) return null;
        if (depth === DEEPEST) throw new Unencodable(TOO_DEEP);
        return this.#tagObject(value, depth + 1);
      case 'boolean':
      case 'bigint':
      case 'undefined':
        return value;
    }
  }

  #tagObject(value: object, depth: number): unknown {
    const prototype: unknown = Object.getPrototypeOf(value);
    const type = this.#byPrototype.get(prototype);
    if (type !== undefined) return [C1, INSTANCE, type.name, this.#tag(type.toPlain(value), depth)];
    if (isNative(prototype)) return value;
    // No prototype, or one of another realm's, which ends the chain as ours does.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return this.#tagFields(value, depth);

    const name = nameOf(prototype);
    if (name === 'Array' && Array.isArray(value)) return this.#tagItems(value, depth);
    if (name === 'Map' && is.isMap(value)) {
      return new Map(Array.from(value, ([key, each]) => [this.#tag(key, depth), this.#tag(each, depth)]));
    }
    if (name === 'Set' && is.isSet(value))
      return new Set(Array.from(value, (each) => this.#tag(each, depth)));
    if (name === 'Date' && is.isDate(value)) return new Date(value.getTime());
    if (is.isNativeError(value) && ERRORS.has(name)) return this.#tagError(name, value, depth);
    if (Float16 !== undefined && prototype === Float16.prototype) return [C1, FLOAT_16, bytesOf(value)];
    if (value instanceof URL && prototype === URL.prototype) return [C1, LINK, value.href];
    return this.#tagInstance(name, value, depth);
  }

  #tagItems(value: readonly unknown[], depth: number): unknown[] {
    if (value.length > this.#mostBytes) throw new TooLarge(value.length);
    // Not `map`, which would leave holes as they are.
    return Array.from(value, (each) => this.#tag(each, depth));
  }

  #tagFields(value: object, depth: number): unknown {
    const fields = Object.entries(value).map(([name, each]) => [name, this.#tag(each, depth)] as const);
    if (fields.every(([name]) => name !== '__proto__' && name.isWellFormed()))
      return Object.fromEntries(fields);
    return [C1, FIELDS, fields.map(([name, each]) => [this.#tag(name, depth), each])];
  }

  /** Without its stack, which is long, and tells of files. */
  #tagError(name: string, value: Error, depth: number): unknown {
    const tagged = [C1, ERROR, name, this.#tag(value.message, depth)];
    return Object.hasOwn(value, 'cause') ? [...tagged, this.#tag(value.cause, depth)] : tagged;
  }

  #tagInstance(name: string, value: object, depth: number): unknown {
    if (is.isPromise(value)) throw new Unencodable('it holds a promise that nobody awaited');
    if (this.#instances === 'refuse') {
      throw new Unencodable(`it holds an instance of ${name}, which is not among the registered types`);
    }
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === 'function') return this.#tag(toJSON.call(value), depth);
    return this.#tagFields(value, depth);
  }

  /** The value whose tagged copy this is; changes the copy. @throws when it is none of ours. */
  revive(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      if (value[0] === C1) return this.#reviveTag(value);
      for (let i = 0; i < value.length; i++) value[i] = this.revive(value[i]);
      return value;
    }
    if (value instanceof Map) {
      return new Map(Array.from(value, ([key, each]) => [this.revive(key), this.revive(each)]));
    }
    if (value instanceof Set) return new Set(Array.from(value, (each) => this.revive(each)));
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    const fields = value as Record<string, unknown>;
    for (const name of Object.keys(fields)) fields[name] = this.revive(fields[name]);
    return fields;
  }

  #reviveTag([, kind, first, second, ...rest]: readonly unknown[]): unknown {
    switch (kind) {
      case MINUS_ZERO:
        return -0;
      case UTF_16:
        return bufferOf(first).toString('utf16le');
      case FIELDS:
        return this.#reviveFields(first);
      case ERROR:
        return this.#reviveError(ERRORS.get(first), this.revive(second), rest);
      case FLOAT_16:
        if (Float16 === undefined) throw new TypeError('this runtime has no Float16Array');
        return new Float16(Uint8Array.from(bufferOf(first)).buffer);
      case LINK:
        return new URL(String(first));
      case INSTANCE: {
        const type = this.#byName.get(first);
        if (type === undefined) throw new TypeError('a type that is not registered');
        return type.fromPlain(this.revive(second));
      }
      default:
        throw new TypeError('a tag that is not known');
    }
  }

  #reviveFields(pairs: unknown): unknown {
    if (!Array.isArray(pairs)) throw new TypeError('no fields');
    // Defines the fields, also one named `__proto__`, and sets none: no prototype is reached.
    return Object.fromEntries(
      pairs.map(([name, each]: [unknown, unknown]) => [this.revive(name), this.revive(each)]),
    );
  }

  #reviveError(
    constructor: ErrorConstructor | undefined,
    message: unknown,
    cause: readonly unknown[],
  ): Error {
    if (constructor === undefined) throw new TypeError('an error that is not known');
    const options = cause.length === 0 ? undefined : { cause: this.revive(cause[0]) };
    return new constructor(String(message), options);
  }
}

function nameOf(prototype: unknown): string {
  const { constructor } = prototype as { readonly constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== ''
    ? constructor.name
    : 'a class without a name';
}

function bytesOf(value: object): Buffer {
  const { buffer, byteOffset, byteLength } = value as ArrayBufferView;
  return Buffer.from(buffer, byteOffset, byteLength);
}

function bufferOf(value: unknown): Buffer {
  if (!Buffer.isBuffer(value)) throw new TypeError('no bytes');
  return value;
}
