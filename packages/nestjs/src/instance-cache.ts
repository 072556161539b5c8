import { Cache } from '@keyslot/cache';
import { Inject } from '@nestjs/common';
import { CacheNotInjectedError } from './errors.ts';

/** What decorated methods need of a cache: all that a stand-in has to offer in a test. */
export type MethodCache = Pick<Cache, 'getOrSet' | 'delete'>;

/** The property where an instance keeps its cache. Nest shows the description when nobody provides one. */
const CACHE = Symbol('Cache, which KeyslotModule.forRoot() provides for @Cacheable and @CacheEvict');

const askers = new WeakSet<object>();

/** Has Nest give a cache to every instance of a class and of those that extend it, whatever their scope. */
export function askForCache(prototype: object): void {
  for (
    let each: object | null = prototype;
    each !== null;
    each = Object.getPrototypeOf(each) as object | null
  ) {
    if (askers.has(each)) return;
  }
  askers.add(prototype);
  Inject(Cache)(prototype, CACHE);
}

/** @throws {CacheNotInjectedError} when `instance` has none. */
export function cacheOf(instance: unknown, decorator: string, method: string): MethodCache {
  const cache = (instance as { readonly [CACHE]?: MethodCache } | undefined)?.[CACHE];
  if (cache === undefined) throw new CacheNotInjectedError(decorator, method);
  return cache;
}

/**
 * Gives a cache to an instance that Nest does not make: one that a test makes with `new`, or a provider's
 * `useFactory`. It need not be a real one.
 *
 * @returns the instance
 *
 * @example
 * ```ts run
 * import { Cacheable, provideCache } from '@keyslot/nestjs';
 * import { key } from '@keyslot/keys';
 *
 * class Greeter {
 *   @Cacheable(key('greeting').holds<string>())
 *   async greet() {
 *     return 'hello';
 *   }
 * }
 *
 * const greeter = provideCache(new Greeter(), {
 *   getOrSet: async (_key, load) => load({} as never),
 *   delete: async () => ({ outcome: 'deleted' }),
 * });
 * await greeter.greet(); // => 'hello'
 * ```
 */
export function provideCache<Instance extends object>(instance: Instance, cache: MethodCache): Instance {
  return Object.assign(instance, { [CACHE]: cache });
}
