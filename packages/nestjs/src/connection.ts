import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Cache } from '@keyslot/cache';
import { ClusterClient, type ClusterClientOptions, type FindingsTold } from '@keyslot/cluster';
import { InvalidOptionError } from '@keyslot/kernel';
import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { KeyslotModuleOptions } from './module-options.ts';

/** How long calls under way get to end when the application shuts down. */
const CLOSE_WITHIN = '500ms';

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
    subscribe('keyslot:cluster.finding', this.#found);
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
    unsubscribe('keyslot:cluster.finding', this.#found);
    await cache?.close();
    await client?.close({ within: CLOSE_WITHIN });
  }

  /** Logs what the client found when it was made: a line for each kind of finding, however many shards have it. */
  readonly #found = (message: unknown): void => {
    const { client, findings } = message as FindingsTold;
    if (client !== this.#client) return;
    const grave = findings.filter(({ severity }) => severity !== 'info');
    for (const [code, [first, ...others]] of Map.groupBy(grave, (finding) => finding.code)) {
      const more = others.length > 0 ? ` (and ${others.length} more)` : '';
      this.#logger.warn(`${code}: ${first?.message}${more} ${first?.remedy}`);
    }
  };
}
