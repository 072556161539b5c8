import type { EntryOptions } from '@keyslot/cache';
import { isKeyslotError, toMs } from '@keyslot/kernel';
import type { AnyKey, Key, KeyTemplate, ParamsOf } from '@keyslot/keys';
import { cacheOf } from './instance-cache.ts';
import { type Exactly, type FittingDescriptor, type Method, wrapMethod } from './method.ts';

/** How a method's result is kept. */
export interface CacheableOptions<
  Template extends string,
  ParamsArgs extends unknown[],
  Given extends ParamsOf<Template> = ParamsOf<Template>,
> extends EntryOptions {
  /**
   * The template's parameters, from the method's arguments. Everything that the result depends on must be among
   * them: calls with equal parameters share one answer. What it throws, the caller gets.
   */
  readonly params: (...args: ParamsArgs) => Exactly<Given, ParamsOf<Template>>;
}

/** Decorates a method that resolves to exactly a `Value` and whose arguments `params` can be called with. */
export type CacheableDecorator<ParamsArgs extends unknown[], Value> = <Args extends unknown[]>(
  target: object,
  name: string | symbol,
  descriptor: FittingDescriptor<ParamsArgs, Args, Value>,
) => void;

/**
 * Answers a method's calls from the cache, and runs the method when no tier has the answer, once for all who ask.
 * A method whose arguments do not fit `params`, or whose result is not a promise of what the key holds, does not
 * compile.
 *
 * - Calls of the method on `this` and by way of `super` are answered so too. An override is only if it is decorated
 *   itself. Inside a load of the same key a method runs by itself.
 * - What the method throws reaches all who waited for it in this process as it was thrown, not as a `LoaderFailedError`, so
 *   that Nest's exceptions keep their meaning. In other processes the method runs. Nothing is kept then.
 * - When the cluster is away, or the cache was closed by a shutdown, the method runs.
 * - Of several decorators the uppermost comes first. Guards, pipes and interceptors of a route run on every call.
 * - A kept object is the same for all callers: do not change it.
 *
 * @throws {UnusableDecoratorError} where the class is defined, on anything but an instance method.
 * @throws {InvalidOptionError} where the class is defined, for a `ttl` that is no duration; for other options that cannot be
 *   used, when the method is called.
 *
 * @example
 * ```ts
 * const placeById = key('places:{place:<id>}:detail').holds<Place | null>();
 *
 * @Injectable()
 * class PlacesService {
 *   @Cacheable(placeById, { params: (id: number) => ({ id }), ttl: '5m' })
 *   async findOne(id: number): Promise<Place | null> { … }
 * }
 * ```
 */
export function Cacheable<Value>(
  template: (() => Key<Value>) & { readonly template: string },
  options?: EntryOptions,
): CacheableDecorator<[], Value>;

// Last, because the compiler explains a mistake by the last one.
export function Cacheable<
  Template extends string,
  Value,
  ParamsArgs extends unknown[],
  Given extends ParamsOf<Template>,
>(
  template: KeyTemplate<Template, Value>,
  options: CacheableOptions<Template, ParamsArgs, Given>,
): CacheableDecorator<ParamsArgs, Value>;

export function Cacheable(
  template: (...params: never[]) => AnyKey,
  { params, ...entry }: EntryOptions & { readonly params?: (...args: unknown[]) => object } = {},
): (target: object, name: string | symbol, descriptor: PropertyDescriptor) => void {
  const render = template as (params?: object) => Key<unknown>;
  // When the class is made rather than at the first call. The rest is checked then.
  if (entry.ttl !== undefined) toMs(entry.ttl, 'ttl');

  const around = (original: Method, method: string): Method =>
    async function (this: unknown, ...args) {
      const cache = cacheOf(this, '@Cacheable', method);
      const key = params === undefined ? render() : render(params(...args));
      const run = () => original.apply(this, args);
      try {
        return await cache.getOrSet(key, run, entry);
      } catch (error) {
        if (!isKeyslotError(error)) throw error;
        // Before anything was loaded: what is thrown inside a load is wrapped.
        if (error.code === 'CACHE_CLOSED') return run();
        // An override calls its `super`, a controller its service: what this gives becomes the outer one's, which is kept.
        if (error.code === 'CACHE_LOADER_CYCLE') return run();
        if (error.code !== 'CACHE_LOADER_FAILED') throw error;
        // Another process has the exception, and only what kind it was is known: what a route answers depends on it.
        if (isKeyslotError(error.cause) && error.cause.code === 'CACHE_FAILED_ELSEWHERE') return run();
        throw error.cause;
      }
    };
  return (target, name, descriptor) =>
    wrapMethod({ decorator: '@Cacheable', around }, target, name, descriptor);
}
