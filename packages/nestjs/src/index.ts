export { CacheEvict, type CacheEvictDecorator, type CacheEvictOptions } from './cache-evict.ts';
export { Cacheable, type CacheableDecorator, type CacheableOptions } from './cacheable.ts';
export { CacheNotInjectedError, type NestjsError, UnusableDecoratorError } from './errors.ts';
export { type MethodCache, provideCache } from './instance-cache.ts';
export { KeyslotModule } from './keyslot-module.ts';
export type { KeyslotModuleOptions, KeyslotOptionsFactory } from './module-options.ts';
