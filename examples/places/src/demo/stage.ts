import { findRedisServer, TestCluster } from '@keyslot/testkit';
import { Child } from './child.ts';
import { CommitLog } from './commit-log.ts';
import type { Opened } from './opened.ts';
import type { Screen } from './screen.ts';

const DATABASE_SCRIPT = new URL('../database/serve.js', import.meta.url);
const SERVICE_SCRIPT = new URL('../main.js', import.meta.url);

/** Everything that the load is put on. */
export interface Stage {
  readonly cluster: TestCluster;
  readonly database: { readonly kind: 'embedded' | 'server'; readonly log: CommitLog };

  /** Base URLs of the service's instances. */
  readonly instances: readonly string[];

  /** Never resolves; rejects when one of the processes ends by itself. */
  readonly crash: Promise<never>;
}

/** Starts the cluster, the database and two instances of the service; all of it is closed by `opened`. */
export async function setStage(screen: Screen, opened: Opened): Promise<Stage> {
  const children: Child[] = [];
  const start = (options: ConstructorParameters<typeof Child>[0]) => {
    const child = opened.add(new Child(options));
    children.push(child);
    return child.ready();
  };

  await screen.step('Redis server', findRedisServer, ({ describe }) => describe);
  const cluster = await screen.step(
    'Cluster: three primaries, a replica each',
    async () => opened.add(await TestCluster.start({ primaries: 3, replicasPerPrimary: 1, nodeTimeoutMs: 1000 })),
    ({ nodes }) => nodes.map(({ port }) => port).join(', '),
  );

  const given = process.env['DATABASE_URL'];
  const databaseUrl =
    given ||
    (await screen.step('Database: PGlite with all places (prepared once per machine)', () =>
      start({ name: 'the database', script: DATABASE_SCRIPT, env: {} }),
    ));

  const instances = await screen.step(
    'Two instances of the service',
    () =>
      Promise.all(
        [1, 2].map((number) =>
          start({
            name: `instance ${number}`,
            script: SERVICE_SCRIPT,
            env: {
              PORT: '0',
              DATABASE_URL: databaseUrl,
              REDIS_NODES: cluster.addresses.map(({ host, port }) => `${host}:${port}`).join(),
            },
          }),
        ),
      ),
    (urls) => urls.join(', '),
  );

  const log = opened.add(await CommitLog.open(databaseUrl));
  const crash = Promise.race(children.map((child) => child.crash()));
  // It is raced against the run later; until then a crash is no unhandled rejection.
  crash.catch(() => {});
  return { cluster, database: { kind: given ? 'server' : 'embedded', log }, instances, crash };
}
