import { randomUUID } from 'node:crypto';
import { ClusterClient } from '@keyslot/cluster';
import { Locks } from '@keyslot/lock';
import type { TestCluster } from '@keyslot/testkit';
import type { Arena } from './basics.ts';

const CALLERS = 64;
const TTL_MS = 10_000;
const RELEASE =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/** Taking and releasing a lock that nobody else wants, beside the least that can be called a lock. */
export async function openLocks(cluster: TestCluster): Promise<Arena> {
  const bare = cluster.connect();
  bare.defineCommand('releaseLock', { numberOfKeys: 1, lua: RELEASE });
  const releaseBare = Reflect.get(bare, 'releaseLock') as (key: string, token: string) => Promise<unknown>;
  const client = new ClusterClient({ nodes: cluster.addresses });
  const locks = new Locks({ client, ttl: TTL_MS });
  await client.ready('20s');

  const cycles = {
    bare: async (name: string) => {
      const token = randomUUID();
      await bare.set(name, token, 'PX', TTL_MS, 'NX');
      await releaseBare.call(bare, name, token);
    },
    keyslot: async (name: string) => {
      const lock = await locks.acquire(name);
      await lock.release();
    },
  };
  const contenders = (keyOf: (caller: number) => string) =>
    [
      {
        name: 'ioredis: SET NX PX, compare and DEL',
        run: (caller: number) => cycles.bare(`bare:${keyOf(caller)}`),
      },
      { name: 'keyslot: acquire, release', run: (caller: number) => cycles.keyslot(keyOf(caller)) },
    ] as const;
  return {
    contests: [
      { title: 'lock and release, 1 caller', callers: 1, contenders: contenders(() => 'one') },
      {
        title: `lock and release, ${CALLERS} callers, a lock each`,
        callers: CALLERS,
        contenders: contenders((caller) => `of ${caller}`),
      },
    ],
    [Symbol.asyncDispose]: async () => {
      await locks.close();
      await client.close();
      bare.disconnect();
    },
  };
}
