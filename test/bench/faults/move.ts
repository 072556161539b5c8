import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterClient } from '@keyslot/cluster';
import { slotOf } from '@keyslot/keys';
import type { TestCluster } from '@keyslot/testkit';
import { keysOn, ownersOf } from '../../cluster/keys-on.ts';
import { codeOf } from './code-of.ts';
import { atLeast, atMost, type Fault, none } from './figure.ts';

const PER_TAG = 3;

/** So many callers send batches of 100; as many as the others together would fill the shard's queue by themselves. */
const BATCHERS = 8;

/** Moves slots with keys while single commands, batches of 100, same-tag MGETs and increments go over them. */
async function move(cluster: TestCluster, { slots: count = 1_000, callers = 64 } = {}) {
  await using client = new ClusterClient({ nodes: cluster.addresses, deadline: '10s' });
  await client.ready('20s');
  const [from, to] = ownersOf(cluster);
  if (from === undefined || to === undefined) throw new Error('A test cluster without two primaries');
  const tags = keysOn(cluster, from, count, 'moved');
  const keys = tags.flatMap((tag) => Array.from({ length: PER_TAG }, (_, i) => `${tag}:${i}`));
  for (let i = 0; i < keys.length; i += 1_000) {
    const entries = keys.slice(i, i + 1_000).map((key) => ['set', key, key, 'PX', 600_000] as const);
    await client.batch(entries);
  }

  const errors: string[] = [];
  const wrong: string[] = [];
  const written = new Map<string, string>();
  let counted = 0;
  let calls = 0;
  const pick = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T;
  const work = async (caller: number, round: number) => {
    const tag = pick(tags);
    switch (caller < BATCHERS ? 'batch' : round % 4) {
      case 0: {
        const key = pick(keys);
        if ((await client.get(key)) !== key) wrong.push('GET');
        break;
      }
      case 1: {
        const key = `${tag}:w${caller}`;
        await client.set(key, String(round), { ttl: '10m' });
        written.set(key, String(round));
        break;
      }
      case 2:
        await client.call('incr', [`${tag}:0:n`]);
        counted++;
        break;
      case 'batch': {
        const asked = Array.from({ length: 100 }, () => pick(keys));
        const outcomes = await client.batch(asked.map((key) => ['get', key]));
        outcomes.forEach((each, i) => {
          if (each.outcome !== 'answered') errors.push(`batch: ${each.error.message}`);
          else if (each.value !== asked[i]) wrong.push('batch');
        });
        break;
      }
      default: {
        const pair = [`${tag}:0`, `${tag}:1`];
        if (String(await client.call('mget', pair)) !== String(pair)) wrong.push('MGET');
      }
    }
    calls++;
  };
  const over = new AbortController();
  const running = Array.from({ length: callers + BATCHERS }, async (_, caller) => {
    for (let round = caller; !over.signal.aborted; round++) {
      await work(caller, round).catch((error: Error) => errors.push(error.message));
    }
  });
  await cluster.moveSlots({ slots: [...new Set(tags.map((tag) => slotOf(tag)))], to, keysPerStep: 2 });
  over.abort();
  await Promise.all(running);

  const lost: string[] = [];
  for (const [key, value] of written) if ((await client.get(key)) !== value) lost.push('SET');
  const totals = await Promise.all(tags.map((tag) => client.get(`${tag}:0:n`)));
  const total = totals.reduce((sum, each) => sum + Number(each), 0);
  await client.batch(
    tags.map((tag) => ['del', `${tag}:0:n`]),
    { deadline: '30s' },
  );
  return { errors, wrong, lost, doubled: total - counted, calls };
}

/**
 * Leaves slots half migrated: one key of each tag has moved, the other has not. Nobody can serve both, and a
 * key that moved must not be taken for one that is missing.
 */
export async function halfMigrated(cluster: TestCluster, { slots: count = 50, deadlineMs = 1_000 } = {}) {
  await using client = new ClusterClient({ nodes: cluster.addresses });
  await client.ready('20s');
  const [from, to] = ownersOf(cluster);
  if (from === undefined || to === undefined) throw new Error('A test cluster without two primaries');
  const tags = keysOn(cluster, from, count, 'half');
  const slots = [...new Set(tags.map((tag) => slotOf(tag)))];
  const keys = tags.flatMap((tag) => [`${tag}:stays`, `${tag}:goes`]);
  await client.batch(
    keys.map((key) => ['set', key, key, 'PX', 600_000]),
    { deadline: '5s' },
  );
  for (const slot of slots) {
    await to.admin.cluster('SETSLOT', slot, 'IMPORTING', from.id);
    await from.admin.cluster('SETSLOT', slot, 'MIGRATING', to.id);
  }
  for (const tag of tags) await from.admin.call('MIGRATE', to.host, to.port, `${tag}:goes`, 0, 5_000);

  const falseNulls: string[] = [];
  const outcomes = await client.batch(
    keys.map((key) => ['get', key]),
    { deadline: '5s' },
  );
  const errors: string[] = [];
  outcomes.forEach((each, i) => {
    if (each.outcome !== 'answered') errors.push(each.error.message);
    else if (each.value !== keys[i]) falseNulls.push('GET');
  });
  const pairOf = (tag: string) => [`${tag}:stays`, `${tag}:goes`];
  const startedAt = performance.now();
  const codes = await Promise.all(
    tags.map(async (tag) => {
      try {
        const values = await client.call('mget', pairOf(tag), { deadline: deadlineMs });
        if (String(values) !== String(pairOf(tag))) falseNulls.push('MGET');
        return 'answered';
      } catch (error) {
        return codeOf(error);
      }
    }),
  );
  const waitedMs = performance.now() - startedAt;
  // Once the slots have arrived, those who still wait are served.
  const late = Promise.all(tags.map((tag) => client.call('mget', pairOf(tag), { deadline: '10s' })));
  await sleep(100);
  await cluster.moveSlots({ slots, to });
  const served = (await late).filter((values, i) => String(values) === String(pairOf(tags[i] ?? ''))).length;
  return { falseNulls, errors, codes, waitedMs, deadlineMs, served, asked: tags.length };
}

export const moveFaults: readonly Fault[] = [
  {
    name: 'move',
    title: '1 000 slots with keys moved under load',
    run: async (cluster) => {
      const { errors, wrong, lost, doubled, calls } = await move(cluster);
      return [
        none('errors', errors),
        none('false nulls', wrong),
        none('writes lost', lost),
        atMost('increments doubled', doubled, 0),
        atMost('increments lost', -doubled, 0),
        atLeast('calls', calls, 1_000),
      ];
    },
  },
  {
    name: 'half-migrated',
    title: 'half-migrated slots, frozen in that state',
    run: async (cluster) => {
      const seen = await halfMigrated(cluster);
      return [
        none('false nulls', seen.falseNulls),
        none('errors of single-key commands', seen.errors),
        none(
          'multi-key outcomes but typed ones after the deadline',
          seen.codes.filter((code) => code !== 'CLUSTER_DEADLINE_EXCEEDED'),
        ),
        atLeast('TRYAGAIN waited for', seen.waitedMs, seen.deadlineMs - 5, ' ms'),
        atLeast('served once the slots have arrived', seen.served, seen.asked),
      ];
    },
  },
];
