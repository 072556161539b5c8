import type { AnyKey, KeyTemplate, ParamsOf } from '@keyslot/keys';
import { Logger } from '@nestjs/common';
import { cacheOf, type MethodCache } from './instance-cache.ts';
import { type Exactly, type FittingDescriptor, type Method, wrapMethod } from './method.ts';

/** What a method's success evicts. */
export interface CacheEvictOptions<
  Template extends string,
  ParamsArgs extends unknown[],
  Given extends ParamsOf<Template> = ParamsOf<Template>,
> {
  /**
   * The template's parameters, from the method's arguments; an array of them for several keys. Asked before the
   * method runs: if it throws, the caller gets that, and nothing has been changed.
   */
  readonly params: (
    ...args: ParamsArgs
  ) => Exactly<Given, ParamsOf<Template>> | readonly Exactly<Given, ParamsOf<Template>>[];
}

/** Decorates a method that returns a promise and whose arguments `params` can be called with. */
export type CacheEvictDecorator<ParamsArgs extends unknown[]> = <Args extends unknown[], Result>(
  target: object,
  name: string | symbol,
  descriptor: FittingDescriptor<ParamsArgs, Args, Result>,
) => void;

/**
 * Runs a method and, once it has resolved, forgets keys in every tier and process. The caller waits for that, for at
 * most the cache's `deleteWithin`, and then reads what it wrote. The method must have committed when it resolves.
 *
 * When the method throws, nothing is evicted. What comes of the eviction never makes the method fail: a shard that is
 * away is caught up with in the background, and what the cache cannot promise is logged.
 *
 * @throws {UnusableDecoratorError} where the class is defined, on anything but an instance method.
 *
 * @example
 * ```ts
 * @CacheEvict(placeById, { params: (id: number) => ({ id }) })
 * async update(id: number, changes: PlaceChanges): Promise<Place> { … }
 * ```
 */
export function CacheEvict(template: (() => AnyKey) & { readonly template: string }): CacheEvictDecorator<[]>;

// Last, because the compiler explains a mistake by the last one.
export function CacheEvict<
  Template extends string,
  Value,
  ParamsArgs extends unknown[],
  Given extends ParamsOf<Template>,
>(
  template: KeyTemplate<Template, Value>,
  options: CacheEvictOptions<Template, ParamsArgs, Given>,
): CacheEvictDecorator<ParamsArgs>;

export function CacheEvict(
  template: (...params: never[]) => AnyKey,
  options?: { readonly params: (...args: unknown[]) => object | readonly object[] },
): (target: object, name: string | symbol, descriptor: PropertyDescriptor) => void {
  const render = template as (params?: object) => AnyKey;
  const keysFor = (args: unknown[]): AnyKey[] => {
    if (options === undefined) return [render()];
    const given = options.params(...args);
    return Array.isArray(given) ? given.map((each: object) => render(each)) : [render(given)];
  };

  const around = (original: Method, method: string): Method =>
    async function (this: unknown, ...args) {
      const cache = cacheOf(this, '@CacheEvict', method);
      const keys = keysFor(args);
      const result = await original.apply(this, args);
      await evict(cache, keys, method);
      return result;
    };
  return (target, name, descriptor) =>
    wrapMethod({ decorator: '@CacheEvict', around }, target, name, descriptor);
}

const logger = new Logger('CacheEvict');

async function evict(cache: MethodCache, keys: readonly AnyKey[], method: string): Promise<void> {
  const outcomes = await Promise.allSettled(keys.map((key) => cache.delete(key)));
  outcomes.forEach((outcome, index) => {
    if (outcome.status === 'fulfilled') return;
    logger.error(
      `"${keys[index]?.template}" was not evicted after ${method} succeeded; others may read the old value until its ttl ends`,
      outcome.reason instanceof Error ? outcome.reason.stack : String(outcome.reason),
    );
  });
}
