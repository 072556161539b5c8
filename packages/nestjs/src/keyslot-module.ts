import { Cache } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { Module } from '@nestjs/common';
import { Connection } from './connection.ts';
import { ConfigurableModuleClass, KEYSLOT_OPTIONS, type KeyslotModuleOptions } from './module-options.ts';

/**
 * Provides `Cache` and `ClusterClient` to a Nest application, by these classes as tokens, and to the methods that
 * are decorated with `Cacheable` and `CacheEvict`. Import it once, in the root module; it is global unless
 * `isGlobal` is `false`.
 *
 * The application starts whether or not the cluster answers. It closes what the module opened when Nest shuts down:
 * on `app.close()`, and on signals once `app.enableShutdownHooks()` was called.
 *
 * @example
 * ```ts
 * KeyslotModule.forRootAsync({
 *   inject: [ConfigService],
 *   useFactory: (config: ConfigService) => ({
 *     client: { nodes: config.getOrThrow('redis.nodes') },
 *     cache: { namespace: 'shop', ttl: '5m' },
 *   }),
 * });
 * ```
 */
@Module({
  providers: [
    {
      provide: Connection,
      inject: [KEYSLOT_OPTIONS],
      useFactory: (options: KeyslotModuleOptions) => new Connection(options),
    },
    {
      provide: ClusterClient,
      inject: [Connection],
      useFactory: (connection: Connection) => connection.openClient(),
    },
    {
      provide: Cache,
      inject: [Connection, ClusterClient],
      useFactory: (connection: Connection, client: ClusterClient) => connection.openCache(client),
    },
  ],
  exports: [Cache, ClusterClient],
})
export class KeyslotModule extends ConfigurableModuleClass {}
