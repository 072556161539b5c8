import { randomUUID } from 'node:crypto';
import { Cache } from '@keyslot/cache';
import { KeyslotModule, type KeyslotModuleOptions } from '@keyslot/nestjs';
import type { TestCluster } from '@keyslot/testkit';
import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';

/** A running Nest application; its end is awaited. */
export interface App extends AsyncDisposable {
  readonly nest: INestApplication;
  readonly cache: Cache;
  get<Service>(service: Type<Service>): Service;
  /** Status and body of a request; the application listens from the first one on. */
  request(path: string): Promise<readonly [status: number, body: unknown]>;
}

/** Options for a cluster and a namespace that nobody else has. */
export function optionsFor(cluster: TestCluster): KeyslotModuleOptions {
  return { client: { nodes: cluster.addresses }, cache: { namespace: randomUUID() } };
}

/** Starts an application with what a test declares, and waits until the cache stands. */
export async function startApp(cluster: TestCluster, declared: ModuleMetadata): Promise<App> {
  const app = await startAppFrom({
    ...declared,
    imports: [KeyslotModule.forRoot(optionsFor(cluster)), ...(declared.imports ?? [])],
  });
  await app.cache.ready();
  return app;
}

/** Starts an application from exactly this. */
export async function startAppFrom(declared: ModuleMetadata): Promise<App> {
  const module = await Test.createTestingModule(declared).compile();
  const nest = module.createNestApplication({ logger: false });
  await nest.init();

  return {
    nest,
    cache: nest.get(Cache),
    get: (service) => nest.get(service),
    request: async (path) => {
      const server = nest.getHttpServer() as { readonly listening: boolean };
      if (!server.listening) await nest.listen(0, '127.0.0.1');
      // Kept alive, the connection would hold up a shutdown.
      const response = await fetch(`${await nest.getUrl()}${path}`, { headers: { connection: 'close' } });
      return [response.status, await response.json()];
    },
    [Symbol.asyncDispose]: () => nest.close(),
  };
}
