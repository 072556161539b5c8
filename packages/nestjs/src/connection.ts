import { Cache } from '@keyslot/cache';
import { ClusterClient, type ClusterClientOptions } from '@keyslot/cluster';
import { InvalidOptionError } from '@keyslot/kernel';
import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { KeyslotModuleOptions } from './module-options.ts';

/**
 * Opens what the module provides, and closes what it opened: the cache, then the client, after the application has
 * stopped listening and answered what was under way. What a test overrides is never opened.
 */
export class Connection implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #options: KeyslotModuleOptions;
  readonly #logger = new Logger('KeyslotModule');
  #client: ClusterClient | undefined;
  #cache: Cache | undefined;

  constructor(options: KeyslotModuleOptions) {
    this.#options = options;
  }

  /** @throws {InvalidOptionError} for options that cannot be used. */
  openClient(): ClusterClient {
    // Options that a factory worked out at run time may lack it, whatever the compiler was told.
    const client = this.#options.client as ClusterClientOptions | ClusterClient | undefined;
    if (client instanceof ClusterClient) return client;
    if (typeof client !== 'object') {
      throw new InvalidOptionError('client', client, 'a ClusterClient, or options for one, like { nodes }');
    }
    this.#client = new ClusterClient(client);
    return this.#client;
  }

  /** @throws {InvalidOptionError} for options that cannot be used. */
  openCache(client: ClusterClient): Cache {
    this.#cache = new Cache({ ...this.#options.cache, client });
    return this.#cache;
  }

  /** Holds nobody up: without the cluster, methods answer by themselves. */
  onApplicationBootstrap(): void {
    const cache = this.#cache;
    cache?.ready().catch((error: unknown) => {
      // Closed meanwhile: nobody waits for it any more.
      if (this.#cache !== cache) return;
      this.#logger.warn(`Starting without the cluster, and going on to connect: ${String(error)}`);
    });
  }

  async onApplicationShutdown(): Promise<void> {
    const [cache, client] = [this.#cache, this.#client];
    this.#cache = undefined;
    this.#client = undefined;
    await cache?.close();
    await client?.close();
  }
}
