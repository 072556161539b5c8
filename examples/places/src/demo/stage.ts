import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisServer, TestCluster } from '@keyslot/testkit';
import { TemporaryFolder } from '../database/temporary-folder.ts';
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
    async () =>
      opened.add(await TestCluster.start({ primaries: 3, replicasPerPrimary: 1, nodeTimeoutMs: 1000 })),
    ({ nodes }) => nodes.map(({ port }) => port).join(', '),
  );

  const given = process.env['DATABASE_URL'];
  const database = await screen.step(
    given
      ? 'Database: the one that DATABASE_URL names'
      : 'Database: PGlite with all places, prepared once per machine',
    async () => {
      // Its working copy is in a folder of ours, so that nothing of it stays even if it is killed.
      const folder = opened.add(await TemporaryFolder.create(join(tmpdir(), 'keyslot-demo-')));
      const url =
        given ||
        (await start({ name: 'the database', script: DATABASE_SCRIPT, env: { TMPDIR: folder.path } }));
      return { url, log: opened.add(await CommitLog.open(url)) };
    },
  );

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
              DATABASE_URL: database.url,
              REDIS_NODES: cluster.addresses.map(({ host, port }) => `${host}:${port}`).join(),
            },
          }),
        ),
      ),
    (urls) => urls.join(', '),
  );

  const crash = Promise.race(children.map((child) => child.crash()));
  crash.catch(() => {
    // The run is raced against it, but not yet; until then a crash would count as an unhandled rejection.
  });
  return { cluster, database: { kind: given ? 'server' : 'embedded', log: database.log }, instances, crash };
}
