import { ClusterClient, defineScript, type LuaSource } from '@keyslot/cluster';
import { slotOf } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { GlideClusterClient, Script, TimeUnit } from '@valkey/valkey-glide';
import type { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import type { Arena } from './basics.ts';
import type { Contest } from './contest.ts';

const CALLERS = 256;
const KEYS_PER_CALLER = 32;
const TTL_MS = 600_000;
const BATCH = 1_000;
const VALUE = 'x'.repeat(100);

/** Reads a key and gives it another life: one key, one round trip, like the scripts of the cache. */
const LUA = "redis.call('PEXPIRE', KEYS[1], ARGV[1]) return redis.call('STRLEN', KEYS[1])";

/**
 * Single commands of the client, all its policies on, beside the clients that a Node.js service could use in its
 * place, each with its defaults. Every caller has keys of its own.
 */
export async function openClients(cluster: TestCluster): Promise<Arena> {
  const bare = cluster.connect();
  const client = new ClusterClient({ nodes: cluster.addresses });
  await client.ready('20s');
  const nodeRedis = createCluster({
    rootNodes: cluster.addresses.map(({ host, port }) => ({ url: `redis://${host}:${port}` })),
  });
  await nodeRedis.connect();
  const glide = await GlideClusterClient.createClient({
    addresses: [...cluster.addresses],
    // Its default of 1000 refuses 256 callers of scripts, of which each counts for several.
    inflightRequestsLimit: 10_000,
  });

  const keys = Array.from({ length: CALLERS * KEYS_PER_CALLER }, (_, n) => `client:{${n}}`);
  const keyOf = (caller: number, turn: number) =>
    keys[caller * KEYS_PER_CALLER + (turn % KEYS_PER_CALLER)] ?? '';
  await client.batch(
    keys.map((each) => ['set', each, VALUE, 'PX', TTL_MS]),
    { deadline: '20s' },
  );

  const source = { name: 'touch', text: LUA, keys: ['key'], args: ['ttlMs'] } as const;
  const sha1 = (await bare.nodes('master')[0]?.script('LOAD', LUA)) as string;
  await Promise.all(bare.nodes('master').map((node) => node.script('LOAD', LUA)));
  const withHash: LuaSource<'key', { ttlMs: number }> = { ...source, sha1 };
  const touch = defineScript(withHash, 'idempotent', Number);
  const glideTouch = new Script(LUA);
  const ttl = String(TTL_MS);

  const get = [
    { name: 'ioredis', run: (caller: number, turn: number) => bare.get(keyOf(caller, turn)) },
    { name: 'node-redis', run: (caller: number, turn: number) => nodeRedis.get(keyOf(caller, turn)) },
    { name: 'valkey-glide', run: (caller: number, turn: number) => glide.get(keyOf(caller, turn)) },
    { name: 'keyslot', run: (caller: number, turn: number) => client.get(keyOf(caller, turn)) },
  ] as const;
  const expiry = { type: TimeUnit.Milliseconds, count: TTL_MS } as const;
  const setOptions = { ttl: TTL_MS };
  const contests: Contest[] = [
    { title: `GET, ${CALLERS} callers`, callers: CALLERS, contenders: [...get] },
    { title: 'GET, 1 caller', callers: 1, contenders: [...get] },
    {
      title: `SET, ${CALLERS} callers`,
      callers: CALLERS,
      contenders: [
        { name: 'ioredis', run: (caller, turn) => bare.set(keyOf(caller, turn), VALUE, 'PX', TTL_MS) },
        {
          name: 'node-redis',
          run: (caller, turn) => nodeRedis.set(keyOf(caller, turn), VALUE, { PX: TTL_MS }),
        },
        { name: 'valkey-glide', run: (caller, turn) => glide.set(keyOf(caller, turn), VALUE, { expiry }) },
        { name: 'keyslot', run: (caller, turn) => client.set(keyOf(caller, turn), VALUE, setOptions) },
      ],
    },
    {
      title: `script, ${CALLERS} callers`,
      callers: CALLERS,
      contenders: [
        { name: 'ioredis', run: (caller, turn) => bare.evalsha(sha1, 1, keyOf(caller, turn), ttl) },
        {
          name: 'node-redis',
          run: (caller, turn) => nodeRedis.evalSha(sha1, { keys: [keyOf(caller, turn)], arguments: [ttl] }),
        },
        {
          name: 'valkey-glide',
          run: (caller, turn) => glide.invokeScript(glideTouch, { keys: [keyOf(caller, turn)], args: [ttl] }),
        },
        {
          name: 'keyslot',
          run: (caller, turn) => client.run(touch, { key: keyOf(caller, turn) }, { ttlMs: TTL_MS }),
        },
      ],
    },
    {
      title: `batch of ${BATCH} keys over all slots, per key`,
      callers: 1,
      weight: BATCH,
      contenders: [
        {
          name: 'ioredis: a pipeline per node, by hand',
          run: (_, turn) => byHand(bare, batchOf(keys, turn)),
        },
        {
          name: 'ioredis: Promise.all of get',
          run: (_, turn) => Promise.all(batchOf(keys, turn).map((each) => bare.get(each))),
        },
        {
          name: 'keyslot: client.batch',
          run: (_, turn) => client.batch(batchOf(keys, turn).map((each) => ['get', each])),
        },
      ],
    },
  ];

  return {
    contests,
    async [Symbol.asyncDispose]() {
      glideTouch.release();
      glide.close();
      nodeRedis.destroy();
      await client.close();
    },
  };
}

function batchOf(keys: readonly string[], turn: number): readonly string[] {
  const at = (turn * BATCH) % (keys.length - BATCH);
  return keys.slice(at, at + BATCH);
}

/** What somebody writes who knows where each key lives: the least there is to do. */
async function byHand(cluster: Cluster, keys: readonly string[]): Promise<unknown[]> {
  const nodes = new Map(
    cluster.nodes('master').map((node) => [`${node.options.host}:${node.options.port}`, node]),
  );
  const pipelines = new Map<
    string,
    { readonly at: number[]; readonly pipeline: ReturnType<Cluster['pipeline']> }
  >();
  keys.forEach((each, i) => {
    const address = cluster.slots[slotOf(each)]?.[0] ?? '';
    let own = pipelines.get(address);
    if (own === undefined) {
      const pipeline = nodes.get(address)?.pipeline();
      if (pipeline === undefined) throw new Error('a slot without a node');
      own = { at: [], pipeline };
      pipelines.set(address, own);
    }
    own.at.push(i);
    own.pipeline.get(each);
  });
  const values = new Array<unknown>(keys.length);
  await Promise.all(
    [...pipelines.values()].map(async ({ at, pipeline }) => {
      const replies = await pipeline.exec();
      replies?.forEach(([, value], n) => {
        values[at[n] ?? 0] = value;
      });
    }),
  );
  return values;
}
