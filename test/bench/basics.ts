import { Cache } from '@keyslot/cache';
import { ClusterClient } from '@keyslot/cluster';
import { type Key, key } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import type { Contest } from './contest.ts';

/** What a row of the example's database looks like: what services cache. */
const PLACE = {
  id: 2_761_369,
  name: 'Vienna',
  country: 'AT',
  adminCode: '09',
  featureCode: 'PPLC',
  population: 1_691_468,
  lat: 48.20849,
  lon: 16.37208,
  altitude: 171,
  version: 3,
};

const CALLERS = 256;
const KEYS_PER_CALLER = 32;
const TTL_MS = 600_000;

/** What the contests share, and how it is given back. */
export interface Arena extends AsyncDisposable {
  readonly contests: readonly Contest[];
}

/**
 * Local hit, cluster hit, miss and batch, each beside bare ioredis with its defaults on the same cluster.
 *
 * Every caller has keys of its own, so that no two share a flight: what is counted are commands, not joins.
 */
export async function openBasics(cluster: TestCluster): Promise<Arena> {
  const bare = cluster.connect();
  const client = new ClusterClient({ nodes: cluster.addresses });
  const cache = new Cache({ client, ttl: TTL_MS });
  const withoutLocal = new Cache({ client, ttl: TTL_MS, local: false });
  await Promise.all([cache.ready('20s'), withoutLocal.ready('20s')]);

  const template = key('bench:{<caller>:<n>}').holds<typeof PLACE>();
  const coldTemplate = key('bench:cold:{<caller>:<turn>}').holds<typeof PLACE>();
  const keys = Array.from({ length: CALLERS }).map((_, caller) =>
    Array.from({ length: KEYS_PER_CALLER }).map((__, n) => template({ caller, n })),
  );
  const keyOf = (caller: number, turn: number) => keys[caller]?.[turn % KEYS_PER_CALLER] as Key<typeof PLACE>;
  const all = keys.flat();
  const load = () => PLACE;
  const json = JSON.stringify(PLACE);
  await Promise.all(all.map((each) => withoutLocal.getOrSet(each, load)));
  const batchOf = (turn: number) => {
    const at = (turn * 100) % (all.length - 100);
    return all.slice(at, at + 100);
  };

  const bareGet = {
    name: 'ioredis: get',
    run: (caller: number, turn: number) => bare.get(keyOf(caller, turn).text),
  };
  const contests: Contest[] = [
    {
      title: 'local hit, 1 caller',
      callers: 1,
      contenders: [bareGet, { name: 'keyslot: getOrSet', run: () => cache.getOrSet(keyOf(0, 0), load) }],
    },
    {
      title: `cluster hit, ${CALLERS} callers`,
      callers: CALLERS,
      contenders: [
        bareGet,
        {
          name: 'ioredis: getBuffer',
          run: (caller, turn) => bare.getBuffer(keyOf(caller, turn).text),
        },
        { name: 'keyslot: client.get', run: (caller, turn) => client.get(keyOf(caller, turn)) },
        {
          name: 'keyslot: getOrSet (decoded)',
          run: (caller, turn) => withoutLocal.getOrSet(keyOf(caller, turn), load),
        },
      ],
    },
    {
      title: 'cluster hit, 1 caller',
      callers: 1,
      contenders: [
        bareGet,
        { name: 'keyslot: client.get', run: (caller, turn) => client.get(keyOf(caller, turn)) },
        {
          name: 'keyslot: getOrSet (decoded)',
          run: (caller, turn) => withoutLocal.getOrSet(keyOf(caller, turn), load),
        },
      ],
    },
    {
      title: `miss: look, load, store, ${CALLERS} callers`,
      callers: CALLERS,
      contenders: [
        {
          name: 'ioredis: get, load, set (no lease)',
          run: async (caller, turn) => {
            const { text } = coldTemplate({ caller: `bare-${caller}`, turn });
            if ((await bare.get(text)) === null) await bare.set(text, json, 'PX', TTL_MS);
          },
        },
        {
          name: 'keyslot: getOrSet (leased)',
          run: (caller, turn) => withoutLocal.getOrSet(coldTemplate({ caller, turn }), load),
        },
      ],
    },
    {
      title: 'batch of 100 over all shards, 4 callers, per key',
      callers: 4,
      weight: 100,
      contenders: [
        {
          name: 'ioredis: Promise.all of get',
          run: (_, turn) => Promise.all(batchOf(turn).map(({ text }) => bare.get(text))),
        },
        {
          name: 'keyslot: client.batch',
          run: (_, turn) => client.batch(batchOf(turn).map(({ text }) => ['get', text])),
        },
      ],
    },
  ];

  return {
    contests,
    async [Symbol.asyncDispose]() {
      await Promise.all([cache.close(), withoutLocal.close()]);
      await client.close();
    },
  };
}
