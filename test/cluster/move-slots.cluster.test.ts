import { setTimeout as sleep } from 'node:timers/promises';
import { slotOf } from '@keyslot/keys';
import { testWith } from '@keyslot/testkit/vitest';
import { expect } from 'vitest';
import { ended, keysOn, load, openClient } from './clients.ts';
import { script } from './scripts.ts';

const test = testWith({ replicasPerPrimary: 0 });
const TAGS = 60;
const PER_TAG = 10;
const WORKERS = 24;

const count = script<'counter' | 'sibling'>(
  "redis.call('PEXPIRE', KEYS[1], 120000) return redis.call('INCR', KEYS[1]) + 0 * #redis.call('GET', KEYS[2])",
  ['counter', 'sibling'],
);

test('slots that move under load cost no error, no false miss, no lost write and no doubled one', async ({
  cluster,
}) => {
  await using client = await openClient(cluster, { deadline: '10s' });
  const from = cluster.primaryOf(0);
  const to = cluster.primaries.find((node) => node !== from) ?? from;
  const tags = keysOn(cluster, from, TAGS, 'moved');
  const [unmoved = ''] = keysOn(cluster, from, TAGS + 1, 'moved').slice(-1);
  const keys = tags.flatMap((tag) => Array.from({ length: PER_TAG }, (_, i) => `${tag}:${i}`));
  const entries = [...keys, unmoved].map((k) => ['set', k, k, 'PX', 120_000] as const);
  expect(new Set((await client.batch(entries)).map(({ outcome }) => outcome))).toEqual(new Set(['answered']));

  const wrong: unknown[] = [];
  const written = new Map<string, string>();
  let counted = 0;
  const pick = <T>(of: readonly T[]): T => of[Math.floor(Math.random() * of.length)] as T;

  const working = load(WORKERS, async (worker, round) => {
    const tag = pick(tags);
    switch ((worker + round) % 5) {
      case 0: {
        const k = pick(keys);
        const value = await client.get(k);
        if (value !== k) wrong.push(['get', k, value]);
        break;
      }
      case 1: {
        // One writer for each key, so that what it wrote last is what must be there.
        const k = `${tag}:w${worker}`;
        await client.set(k, `${round}`, { ttl: '2m' });
        written.set(k, `${round}`);
        break;
      }
      case 2:
        await client.run(count, { counter: `${tag}:n`, sibling: `${tag}:0` }, {});
        counted++;
        break;
      case 3: {
        const asked = Array.from({ length: 100 }, () => pick(keys));
        const outcomes = await client.batch(asked.map((k) => ['get', k]));
        outcomes.forEach((each, i) => {
          if (each.outcome !== 'answered' || each.value !== asked[i]) wrong.push(['batch', asked[i], each]);
        });
        break;
      }
      default: {
        const pair = [`${tag}:0`, `${tag}:1`];
        const values = await client.call('mget', pair);
        if (JSON.stringify(values) !== JSON.stringify(pair)) wrong.push(['mget', pair, values]);
      }
    }
  });

  const slots = [...new Set(tags.map((tag) => slotOf(tag)))];
  await cluster.moveSlots({ slots, to, keysPerStep: 2 });
  await cluster.moveSlots({ slots, to: from, keysPerStep: 2 });
  const { rounds, errors } = await working.stop();

  expect(errors).toEqual([]);
  expect(wrong).toEqual([]);
  expect(rounds).toBeGreaterThan(1000);
  const now = await Promise.all([...written].map(async ([k, value]) => [await client.get(k), value]));
  expect(now.filter(([is, was]) => is !== was)).toEqual([]);
  const totals = await Promise.all(tags.map(async (tag) => Number(await client.get(`${tag}:n`))));
  expect(totals.reduce((sum, n) => sum + n, 0)).toBe(counted);
});

test('a node that is lost while it takes a slot over costs the calls that it was asked for, not the process', async ({
  cluster,
}) => {
  await using client = await openClient(cluster, { deadline: '10s' });
  const absent = '{hanging}absent';
  const slot = slotOf(absent);
  const from = cluster.primaryOf(slot);
  const to = cluster.primaries.find((node) => node !== from) ?? from;
  await client.set('{hanging}present', '1', { ttl: '1m' });
  await to.admin.cluster('SETSLOT', slot, 'IMPORTING', from.id);
  await from.admin.cluster('SETSLOT', slot, 'MIGRATING', to.id);
  expect(await client.get(absent)).toBeNull();

  await cluster.freeze(to);
  const lost = Promise.all([
    ended(client.get(absent)),
    ended(client.call('getdel', [absent])),
    ended(client.get(absent, { deadline: 200 })),
  ]);
  expect(await client.get('{hanging}present')).toBe('1');
  // Its connection is lost with them. A promise that nobody handles would fail the run.
  await sleep(300);
  await cluster.kill(to);
  await cluster.restart(to);
  expect((await lost).map(({ error }) => error?.code)).toEqual([
    undefined,
    'CLUSTER_OUTCOME_UNKNOWN',
    'CLUSTER_DEADLINE_EXCEEDED',
  ]);
  await cluster.moveSlots({ slots: [slot], to });
  expect(await client.get('{hanging}present')).toBe('1');
});
