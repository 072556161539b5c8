import { Cache, type LocalTierOptions } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { test as withCluster } from '@keyslot/testkit/vitest';

/** What one process of an application has: a client, and a cache on it. */
export interface Process {
  readonly client: ClusterClient;
  readonly cache: Cache;
}

/** Who uses the cluster while a peer's suite runs. Whenever the suite asks for a store, it is the next one's. */
export interface Fleet {
  readonly name: string;
  readonly size: number;
  readonly local: LocalTierOptions | false;
}

/**
 * Two processes cannot have a local tier here: the suites read in one what was written in the other without a pause,
 * and a message about it takes its time.
 */
export const FLEETS: readonly Fleet[] = [
  { name: 'one process with a local tier', size: 1, local: {} },
  { name: 'two processes that take turns, without a local tier', size: 2, local: false },
];

interface ProcessFixtures {
  /** Starts what a fleet has. All are closed after the last test of the file. */
  start: (fleet: Fleet) => Promise<readonly Process[]>;
}

/** The testkit's `test`, with processes that live as long as the file. */
export const test = withCluster.extend<ProcessFixtures>({
  start: [
    async ({ cluster }, use) => {
      await using opened = new AsyncDisposableStack();
      await use(({ size, local }) =>
        Promise.all(
          Array.from({ length: size }, async () => {
            const client = opened.use(new ClusterClient({ nodes: cluster.addresses, deadline: '2s' }));
            const cache = opened.use(new Cache({ client, namespace: 'conformance', local }));
            await cache.ready('20s');
            return { client, cache };
          }),
        ),
      );
    },
    { scope: 'file' },
  ],
});

/** Gives out the processes of a fleet, one after the other. */
export class Turns {
  #processes: readonly Process[] = [];
  #turn = 0;

  /** Registers the start of the fleet before the tests of the surrounding `describe`. */
  constructor(fleet: Fleet) {
    test.beforeAll(async ({ start }) => {
      this.#processes = await start(fleet);
    });
  }

  next(): Process {
    const process = this.#processes[this.#turn++ % this.#processes.length];
    if (process === undefined) throw new Error('The fleet has not been started');
    return process;
  }
}
