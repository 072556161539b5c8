import type { CacheOptions } from '@keyslot/cache';
import type { ClusterClient, ClusterClientOptions } from '@keyslot/cluster';
import { ConfigurableModuleBuilder } from '@nestjs/common';

/** How `KeyslotModule` is set up. */
export interface KeyslotModuleOptions {
  /**
   * How the module opens a client, which it then also closes; or a client of the application's, which stays open.
   */
  readonly client: ClusterClientOptions | ClusterClient;

  /** How the cache is made. @default the defaults of `Cache` */
  readonly cache?: Omit<CacheOptions, 'client'>;
}

/** What a class implements that `KeyslotModule.forRootAsync` takes as `useClass` or `useExisting`. */
export interface KeyslotOptionsFactory {
  createKeyslotOptions(): KeyslotModuleOptions | Promise<KeyslotModuleOptions>;
}

/** What goes beside the options: whether every module sees the module's exports without importing it. */
const EXTRAS = { isGlobal: true };

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: KEYSLOT_OPTIONS } =
  new ConfigurableModuleBuilder<KeyslotModuleOptions>({ moduleName: 'Keyslot' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createKeyslotOptions')
    .setExtras(EXTRAS, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
    .build();
