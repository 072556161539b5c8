// oxlint-disable-next-line import/no-unassigned-import -- it extends Reflect
import 'reflect-metadata';
import { UnusableDecoratorError } from './errors.ts';
import { askForCache } from './instance-cache.ts';

/** A method that can be decorated. What it returns is a promise already: decorating it changes no type. */
export type Method<Args extends unknown[] = unknown[], Result = unknown> = (...args: Args) => Promise<Result>;

/**
 * A method's descriptor, if `params` can be called with whatever the method is called with; it may take fewer
 * arguments. Otherwise something that no descriptor is.
 */
export type FittingDescriptor<
  ParamsArgs extends unknown[],
  Args extends unknown[],
  Result,
> = TypedPropertyDescriptor<Method<Args, Result>> &
  (((...args: ParamsArgs) => void) extends (...args: Args) => void
    ? unknown
    : { readonly error: 'params does not take the arguments of this method' });

/** What a template's `params` may return: its parameters, and no other names. */
export type Exactly<Given, Params> = Given & { readonly [Name in Exclude<keyof Given, keyof Params>]: never };

/** A method as it was written, and what is called instead of it. */
export interface Wrapping {
  /** For messages: `@Cacheable`. */
  readonly decorator: string;
  /** Makes the function that takes the method's place. `method` names it for messages: `PlacesService.findOne`. */
  readonly around: (original: Method, method: string) => Method;
}

/**
 * Puts a function in a method's place. It keeps name, length and metadata, so that decorators above and below, such
 * as Nest's for routes and guards, find what they look for.
 *
 * @throws {UnusableDecoratorError} when there is no instance method.
 */
export function wrapMethod(
  { decorator, around }: Wrapping,
  target: object,
  name: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): void {
  if (typeof target === 'function') {
    const where = typeof name === 'object' ? target.name : `${target.name}.${String(name)}`;
    const found = descriptor === undefined ? 'a standard decorator' : 'a static member';
    throw new UnusableDecoratorError(decorator, where, found);
  }
  const method = `${target.constructor.name}.${String(name)}`;
  const original: unknown = descriptor?.value;
  if (descriptor === undefined || typeof original !== 'function') {
    throw new UnusableDecoratorError(decorator, method, 'a property or an accessor');
  }

  askForCache(target);
  const wrapper = around(original as Method, method);
  Object.defineProperties(wrapper, {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
  });
  for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original), wrapper);
  }
  descriptor.value = wrapper;
}
