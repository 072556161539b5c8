import { PGlite } from '@electric-sql/pglite';
import { Cache } from '@keyslot/cache';
import { TestCluster } from '@keyslot/testkit';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { drizzle } from 'drizzle-orm/pglite';
import { AppModule } from '../app.module.ts';
import { CONFIG, type Config } from '../config.ts';
import { type City, loadCities } from '../database/cities.ts';
import { DATABASE } from '../database/database.module.ts';
import type { Database, OpenDatabase } from '../database/database.ts';
import { seed } from '../database/seed.ts';
import { configureHttp } from '../http/configure-http.ts';
import type { NearbyPlace } from '../places/places.service.ts';

/** A place as JSON, or what is wrong. */
export type Answer = Omit<NearbyPlace, 'updatedAt'> & { updatedAt: string; message: string | string[] };

/** How a request is made: by default a GET of the first instance. */
export type Ask = RequestInit & { readonly instance?: number };

/** Two instances of the service, as two processes would be, on a cluster and on one database with large cities. */
export class TwoInstances implements AsyncDisposable {
  readonly cities: readonly City[];
  readonly apps: readonly NestExpressApplication[];
  readonly db: Database;
  readonly #urls: readonly string[];
  readonly #cluster: TestCluster;
  readonly #pglite: PGlite;

  private constructor(
    cities: readonly City[],
    apps: readonly NestExpressApplication[],
    urls: readonly string[],
    cluster: TestCluster,
    pglite: PGlite,
  ) {
    this.cities = cities;
    this.apps = apps;
    this.db = drizzle({ client: pglite });
    this.#urls = urls;
    this.#cluster = cluster;
    this.#pglite = pglite;
  }

  static async start(): Promise<TwoInstances> {
    const cities = loadCities().filter(({ population }) => population >= 50_000);
    const cluster = await TestCluster.start({ primaries: 3, replicasPerPrimary: 0 });
    const pglite = await PGlite.create();
    const db = drizzle({ client: pglite });
    await seed(db, () => cities);

    const apps = [await createApp(cluster, db), await createApp(cluster, db)];
    const urls = await Promise.all(apps.map((app) => app.getUrl()));
    return new TwoInstances(cities, apps, urls, cluster, pglite);
  }

  async fetch(path: string, { instance = 0, ...init }: Ask = {}): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.#urls[instance]}${path}`, init);
    return { status: response.status, body: await response.json() };
  }

  async ask(path: string, init?: Ask): Promise<{ status: number; body: Answer }> {
    const { status, body } = await this.fetch(path, init);
    return { status, body: body as Answer };
  }

  async list(path: string): Promise<Answer[]> {
    return (await this.fetch(path)).body as Answer[];
  }

  /** Changes a place. A text is sent as it is, anything else as JSON. */
  async patch(id: number, change: unknown, instance = 0): Promise<{ status: number; body: Answer }> {
    return this.ask(`/places/${id}`, {
      instance,
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: typeof change === 'string' ? change : JSON.stringify(change),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.apps.map((app) => app.close()));
    await this.#pglite.close();
    await this.#cluster[Symbol.asyncDispose]();
  }
}

async function createApp(cluster: TestCluster, db: Database): Promise<NestExpressApplication> {
  const config: Config = { redisNodes: cluster.addresses, databaseUrl: undefined, cacheDir: '', port: 0 };
  const database: OpenDatabase = { db, kind: 'embedded', close: async () => {} };
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(CONFIG)
    .useValue(config)
    .overrideProvider(DATABASE)
    .useValue(database)
    .compile();

  const app = module.createNestApplication<NestExpressApplication>({ bodyParser: false, logger: ['error'] });
  configureHttp(app);
  await app.listen(config.port, '127.0.0.1');
  await app.get(Cache).ready();
  return app;
}
