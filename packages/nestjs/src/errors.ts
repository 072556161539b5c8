import { KeyslotError } from '@keyslot/kernel';

/**
 * A decorated method ran on an instance that was given no cache: Nest did not make it, or has not finished. Let Nest
 * make it from its class; where that cannot be, hand it a cache with `provideCache`.
 */
export class CacheNotInjectedError extends KeyslotError {
  readonly code = 'NESTJS_CACHE_NOT_INJECTED';

  /** Class and method: `PlacesService.findOne`. */
  readonly method: string;

  constructor(decorator: string, method: string) {
    super(
      `${method} has ${decorator}, but its instance was given no Cache: it was made by \`new\` or by a useFactory, ` +
        'the method was called in the constructor or without its instance; let Nest make the instance from its ' +
        'class and import KeyslotModule.forRoot(), or call provideCache(instance, cache)',
    );
    this.method = method;
  }
}

/**
 * A decorator was put on something that is no instance method, or was compiled as another kind of decorator. Thrown
 * where the class is defined; decorate an instance method, and switch `experimentalDecorators` on, as Nest asks.
 */
export class UnusableDecoratorError extends KeyslotError {
  readonly code = 'NESTJS_UNUSABLE_DECORATOR';

  constructor(decorator: string, where: string, found: string) {
    super(
      `${decorator} on ${where}: got ${found}; allowed: an instance method, compiled with experimentalDecorators`,
    );
  }
}

/** Every error that this package throws itself, so that a `switch` over `code` can be exhaustive. */
export type NestjsError = CacheNotInjectedError | UnusableDecoratorError;
