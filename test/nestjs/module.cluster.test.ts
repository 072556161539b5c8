import { randomUUID } from 'node:crypto';
import { Cache } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import {
  Cacheable,
  KeyslotModule,
  type KeyslotModuleOptions,
  type KeyslotOptionsFactory,
} from '@keyslot/nestjs';
import type { TestCluster } from '@keyslot/testkit';
import { test } from '@keyslot/testkit/vitest';
import { Controller, Get, Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Cluster } from 'ioredis';
import { describe, expect, vi } from 'vitest';
import { optionsFor, startApp, startAppFrom } from './app.ts';
import { allPlaces, type Place, placeById, wien } from './places.ts';

@Injectable()
class Places {
  runs = 0;

  @Cacheable(placeById, { params: (id: number) => ({ id }) })
  async findOne(_id: number): Promise<Place | null> {
    this.runs += 1;
    return wien;
  }
}

/** How many connections of Keyslot's the cluster's nodes see. */
async function connections(cluster: TestCluster): Promise<number> {
  const lists = await Promise.all(
    cluster.nodes.map((node) => node.admin.call('client', 'list') as Promise<string>),
  );
  return lists
    .join('\n')
    .split('\n')
    .filter((line) => line.includes('name=keyslot')).length;
}

describe('KeyslotModule takes its options', () => {
  const CLUSTER = Symbol('the cluster of the test');

  @Injectable()
  class Options implements KeyslotOptionsFactory {
    constructor(@Inject(CLUSTER) readonly cluster: TestCluster) {}

    async createKeyslotOptions(): Promise<KeyslotModuleOptions> {
      return optionsFor(this.cluster);
    }
  }

  /** Knows the cluster, as a configuration module would. */
  const configuration = (cluster: TestCluster) => {
    @Module({ providers: [{ provide: CLUSTER, useValue: cluster }, Options], exports: [CLUSTER, Options] })
    class Configuration {}
    return Configuration;
  };

  test.for([
    ['as they are', (cluster: TestCluster) => KeyslotModule.forRoot(optionsFor(cluster))],
    [
      'from a factory',
      (cluster: TestCluster) =>
        KeyslotModule.forRootAsync({
          imports: [configuration(cluster)],
          inject: [CLUSTER],
          useFactory: async (found: TestCluster) => optionsFor(found),
        }),
    ],
    [
      'from a class',
      (cluster: TestCluster) =>
        KeyslotModule.forRootAsync({ imports: [configuration(cluster)], useClass: Options }),
    ],
    [
      'from a provider that exists',
      (cluster: TestCluster) =>
        KeyslotModule.forRootAsync({ imports: [configuration(cluster)], useExisting: Options }),
    ],
  ] as const)('%s', async ([, moduleFor], { cluster }) => {
    await using app = await startAppFrom({ imports: [moduleFor(cluster)], providers: [Places] });
    await app.cache.ready();
    const places = app.get(Places);

    await places.findOne(1);
    expect(await places.findOne(1)).toEqual(wien);
    expect(places.runs).toBe(1);
    expect(app.get(ClusterClient)).toBeInstanceOf(ClusterClient);
  });

  test('and refuses what cannot be used, before anything is opened', async ({ cluster }) => {
    const before = await connections(cluster);
    const start = (options: unknown) =>
      startAppFrom({ imports: [KeyslotModule.forRoot(options as KeyslotModuleOptions)] });

    await expect(start({})).rejects.toMatchObject({ code: 'KERNEL_INVALID_OPTION', option: 'client' });
    await expect(start({ client: {} })).rejects.toMatchObject({ option: 'nodes' });
    expect(await connections(cluster)).toBe(before);
  });
});

describe('KeyslotModule is seen', () => {
  @Module({ providers: [Places], exports: [Places] })
  class Feature {}

  test('by every module', async ({ cluster }) => {
    await using app = await startApp(cluster, { imports: [Feature] });
    expect(await app.get(Places).findOne(1)).toEqual(wien);
  });

  test('only where it is imported, when it is not global; Nest names the class and the module', async ({
    cluster,
  }) => {
    const client = new ClusterClient({ nodes: cluster.addresses });
    const start = startAppFrom({
      imports: [KeyslotModule.forRoot({ client, isGlobal: false }), Feature],
    });
    await expect(start).rejects.toThrow(
      /dependencies of the Places\. .*Cache, which KeyslotModule\.forRoot\(\) provides/,
    );
    await client.close();
  });
});

describe('on shutdown', () => {
  test('the module closes what it opened', async ({ cluster }) => {
    const before = await connections(cluster);
    const app = await startApp(cluster, { providers: [Places] });
    const client = app.get(ClusterClient);
    await app.get(Places).findOne(1);
    expect(await connections(cluster)).toBeGreaterThan(before);

    await app.nest.close();
    await vi.waitFor(async () => expect(await connections(cluster)).toBe(before));
    await expect(client.get('any')).rejects.toMatchObject({ code: 'CLUSTER_CLIENT_CLOSED' });
    await expect(app.cache.get(placeById({ id: 1 }))).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });

  test('a client that was handed over stays open, with nothing of the cache’s left on it', async ({
    cluster,
  }) => {
    await using client = new ClusterClient({ nodes: cluster.addresses });
    await client.ready();
    const before = await connections(cluster);
    const app = await startAppFrom({
      imports: [KeyslotModule.forRoot({ client, cache: { namespace: randomUUID() } })],
      providers: [Places],
    });
    await app.cache.ready();
    expect(app.get(ClusterClient)).toBe(client);

    await app.nest.close();
    expect(await client.get('any')).toBeNull();
    await vi.waitFor(async () => expect(await connections(cluster)).toBe(before));
    await expect(app.cache.get(placeById({ id: 1 }))).rejects.toMatchObject({ code: 'CACHE_CLOSED' });
  });

  test('an ioredis Cluster that was handed over stays open', async ({ cluster }) => {
    const ioredis = new Cluster([...cluster.addresses]);
    const app = await startAppFrom({ imports: [KeyslotModule.forRoot({ client: { cluster: ioredis } })] });
    await app.cache.ready();

    await app.nest.close();
    expect(await ioredis.get('any')).toBeNull();
    await ioredis.quit();
  });

  test('requests under way are answered first, and kept', async ({ cluster }) => {
    const begun = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();

    @Controller()
    class Slow {
      @Get()
      @Cacheable(allPlaces)
      async findAll(): Promise<Place[]> {
        begun.resolve();
        await released.promise;
        return [wien];
      }
    }
    const options = optionsFor(cluster);
    const app = await startAppFrom({ imports: [KeyslotModule.forRoot(options)], controllers: [Slow] });
    await app.cache.ready();

    const answer = app.request('/');
    await begun.promise;
    const closed = app.nest.close();
    released.resolve();
    expect(await answer).toEqual([200, [wien]]);
    await closed;

    await using client = new ClusterClient({ nodes: cluster.addresses });
    await using after = new Cache({ ...options.cache, client });
    await after.ready();
    expect(await after.get(allPlaces())).toEqual([wien]);
  });

  test('a method that is called last of all runs by itself', async ({ cluster }) => {
    const told: unknown[] = [];

    @Injectable()
    class Farewell implements OnApplicationShutdown {
      constructor(
        @Inject(Places) readonly places: Places,
        @Inject(Cache) readonly cache: Cache,
      ) {}

      async onApplicationShutdown(): Promise<void> {
        await this.cache.close();
        told.push(await this.places.findOne(1));
      }
    }
    const app = await startApp(cluster, { providers: [Places, Farewell] });
    await app.nest.close();
    expect(told).toEqual([wien]);
  });
});
